// The lists that open at the cursor: merge fields behind "{", blocks behind "/" in an empty paragraph.

import { Plugin, PluginKey } from "prosemirror-state";

const key = new PluginKey("menu");
const MOST = 8;

// `lists`: for each sign, a function from the words behind it to [{label, note, run(view, from, to)}].
export function menu(lists, box) {
  return new Plugin({
    key,
    state: {
      init: () => null,
      apply(tr, open, _before, state) {
        const told = tr.getMeta(key);
        if (told === "close") return null;
        const at = told?.at ?? (open && tr.mapping.mapResult(open.at).deleted ? -1 : open ? tr.mapping.map(open.at, -1) : -1);
        return at < 0 ? null : opened(state, told?.sign ?? open.sign, at, told?.chosen ?? (tr.docChanged ? 0 : open?.chosen ?? 0), lists);
      },
    },
    props: {
      handleTextInput(view, from, to, text) {
        if (!(text in lists) || (text === "/" && view.state.doc.resolve(from).parent.content.size)) return false;
        if (view.state.doc.resolve(from).parent.type.spec.code) return false;
        view.dispatch(view.state.tr.insertText(text, from, to).setMeta(key, { sign: text, at: from }));
        return true;
      },
      handleKeyDown(view, event) {
        const open = key.getState(view.state);
        if (!open || view.composing) return false;
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) return choose(view, (open.chosen + step + open.items.length) % open.items.length);
        if (event.key === "Escape") return close(view);
        if (event.key === "Enter" || event.key === "Tab") return take(view, open, open.chosen);
        return false;
      },
      handleDOMEvents: { blur: (view) => { if (key.getState(view.state)) close(view); return false; } },
    },
    view: (view) => new Box(view, box),
  });
}

function opened(state, sign, at, chosen, lists) {
  const { $from, empty } = state.selection;
  if (!empty || $from.pos <= at || $from.start() > at) return null;
  const text = state.doc.textBetween(at, $from.pos, "\n", "\n");
  if (!text.startsWith(sign) || /[}\n|]/.test(text)) return null;
  const items = lists[sign](text.slice(sign.length)).slice(0, MOST);
  return items.length ? { sign, at, to: $from.pos, items, chosen: Math.min(chosen, items.length - 1) } : null;
}

function choose(view, chosen) {
  const { sign, at } = key.getState(view.state);
  view.dispatch(view.state.tr.setMeta(key, { sign, at, chosen }));
  return true;
}

function close(view) {
  view.dispatch(view.state.tr.setMeta(key, "close"));
  return true;
}

function take(view, open, chosen) {
  const { at, to, items } = open;
  close(view);
  items[chosen].run(view, at, to);
  return true;
}

class Box {
  constructor(view, box) {
    this.box = box;
    this.show = (event) => {
      const option = event.target.closest("[role=option]");
      if (!option) return;
      event.preventDefault(); // the text keeps the focus
      take(view, key.getState(view.state), [...box.children].indexOf(option));
    };
    box.addEventListener("mousedown", this.show);
  }

  update(view) {
    const open = key.getState(view.state);
    this.box.hidden = !open;
    if (!open) {
      view.dom.removeAttribute("aria-activedescendant");
      view.dom.removeAttribute("aria-controls");
      return;
    }
    this.box.replaceChildren(...open.items.map(({ label, note }, at) => {
      const option = document.createElement("div");
      option.role = "option";
      option.id = `${this.box.id}-${at}`;
      option.setAttribute("aria-selected", String(at === open.chosen));
      option.append(label);
      if (note) {
        const small = document.createElement("span");
        small.className = "small muted";
        small.textContent = note;
        option.append(small);
      }
      return option;
    }));
    view.dom.setAttribute("aria-controls", this.box.id);
    view.dom.setAttribute("aria-activedescendant", `${this.box.id}-${open.chosen}`);
    this.place(view, open.at);
  }

  // Below the cursor, within the editor's width.
  place(view, at) {
    const frame = this.box.offsetParent.getBoundingClientRect();
    const { left, bottom } = view.coordsAtPos(at);
    const room = frame.width - this.box.offsetWidth;
    this.box.style.setProperty("left", `${Math.max(0, Math.min(left - frame.left, room))}px`);
    this.box.style.setProperty("top", `${bottom - frame.top + 4}px`);
  }

  destroy() {
    this.box.removeEventListener("mousedown", this.show);
    this.box.hidden = true;
  }
}
