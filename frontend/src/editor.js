// The editor of a body over its textarea, which keeps the Markdown. Without this file the textarea is what it is.

import { history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { DOMSerializer, Fragment, Slice } from "prosemirror-model";
import { EditorState, Plugin, Selection } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { allKeys, commands, deleteBefore, insert, isActive, keys } from "./commands.js";
import { Fields, withTokens } from "./fields.js";
import { add, edit, hasDialog, link, openSelected } from "./insertion.js";
import { menu } from "./menu.js";
import { nodeViews } from "./nodeviews.js";
import { cleaned } from "./paste.js";
import { rules } from "./rules.js";
import { schema } from "./schema.js";
import { settled } from "./settle.js";
import { parsed } from "./read.js";
import { Text } from "./text.js";

const opened = new WeakMap(); // element -> Editor

class Editor {
  // `preference` is that of static/js/editor.js; `pressed` the {left, top} where somebody pressed before this was here.
  constructor(element, preference, pressed) {
    this.element = element;
    this.preference = preference;
    this.failed = false; // the text could not be read, so it is written in the textarea
    this.textarea = element.querySelector("textarea");
    this.place = element.querySelector("[data-editor-place]");
    const still = this.place.querySelector(".still")?.innerHTML ?? ""; // a copy of a page may hold an editor instead
    this.place.replaceChildren();
    this.notice = element.querySelector("[data-editor-notice]");
    this.fields = new Fields(JSON.parse(element.dataset.names));
    this.view = null;
    element.querySelectorAll("[data-command]").forEach((tool, at) => { tool.tabIndex = at ? -1 : 0; });
    this.markdown = null; // what the view holds
    this.reading = 0;
    element.addEventListener("click", (event) => this.press(event));
    element.addEventListener("keydown", (event) => this.move(event));
    this.textarea.addEventListener("input", () => { if (this.view && this.textarea.value !== this.markdown) this.read(); });
    this.textarea.addEventListener("focus", () => { if (this.writes) this.view.focus(); });
    this.textarea.addEventListener("merge-field", ({ detail }) => this.insertField(detail));
    if (preference.source) this.dress();
    else if (!this.take(still, pressed)) this.read();
  }

  get writes() {
    return Boolean(this.view) && !this.failed && !this.preference.source;
  }

  // Opens what the page brought along, unless the text is another by now.
  take(html, pressed) {
    const text = html && new Text(html);
    if (!text || text.markdown(text.doc) !== this.textarea.value) return false;
    const isWriting = document.activeElement === this.textarea;
    this.open(text, this.textarea.value);
    this.dress();
    if (!isWriting) return true;
    this.view.focus();
    const place = pressed && this.view.posAtCoords(pressed);
    this.select(place ? Selection.near(this.view.state.doc.resolve(place.pos)) : this.end);
    return true;
  }

  get end() {
    return Selection.atEnd(this.view.state.doc);
  }

  select(selection) {
    this.view.dispatch(this.view.state.tr.setSelection(selection));
  }

  // Has the server read the text. While it does, the textarea may be typed in; then its words are read once more.
  async read({ focus = false } = {}) {
    const number = (this.reading += 1);
    const markdown = this.textarea.value;
    const wasTyping = document.activeElement === this.textarea && !focus;
    let answer;
    try {
      const form = new FormData();
      form.set("csrf_token", this.textarea.form.elements.csrf_token.value);
      form.set("body", markdown);
      answer = await fetch(this.element.dataset.read, { method: "POST", body: form, headers: { Accept: "text/html" } });
    } catch {
      answer = null; // no network
    }
    if (number !== this.reading || !this.element.isConnected) return;
    if (!answer?.ok) return this.refuse();
    const html = await answer.text();
    if (number !== this.reading || !this.element.isConnected) return;
    if (this.textarea.value !== markdown) return this.read({ focus });
    this.open(new Text(html), markdown);
    this.failed = false;
    this.say("");
    this.dress();
    const goesOn = wasTyping && document.activeElement === this.textarea;
    if (focus || goesOn) this.view.focus();
    if (goesOn) this.select(this.end); // where static/js/editor.js put the caret
  }

  refuse() {
    this.failed = true;
    this.dress();
    this.say("The editor could not read this text, so it is shown as Markdown. Nothing is lost. “Write” tries again.");
  }

  open(text, markdown) {
    this.text = text;
    this.markdown = markdown;
    if (this.view) { // what was typed as source is a step that can be undone
      const start = this.view.state.doc.content.findDiffStart(text.doc.content);
      if (start === null) return;
      const { a, b } = this.view.state.doc.content.findDiffEnd(text.doc.content);
      const overlap = Math.max(0, start - Math.min(a, b));
      this.silent = true;
      this.view.dispatch(this.view.state.tr.replace(start, a + overlap, text.doc.slice(start, b + overlap)));
      this.silent = false;
      return;
    }
    this.view = new EditorView(this.place, {
      state: EditorState.create({ doc: text.doc, plugins: this.plugins() }),
      fields: this.fields,
      nodeViews: nodeViews(this.fields, DOMSerializer.fromSchema(schema)),
      attributes: () => this.attributes(),
      editable: () => !this.textarea.matches(":disabled"),
      dispatchTransaction: (tr) => this.dispatch(tr),
      transformPastedHTML: (html) => this.pasted(html),
      transformPasted: withTokens,
      clipboardTextParser: (plain) => plainSlice(plain),
      clipboardTextSerializer: (slice) => slice.content.textBetween(0, slice.content.size, "\n\n", (node) => node.type === schema.nodes.line_break ? "\n" : ""),
      handleClickOn: (view, _position, node, from, event) => {
        if (!hasDialog(node) || !view.editable) return false;
        event.preventDefault();
        edit(view, from);
        return true;
      },
      handleDrop: (_view, event) => this.withoutFiles(event.dataTransfer),
      handlePaste: (_view, event) => this.withoutFiles(event.clipboardData),
      handleDOMEvents: {
        beforeinput: (view, event) => {
          if (event.inputType !== "deleteContentBackward" || !deleteBefore(view.state, view.dispatch)) return false;
          event.preventDefault();
          return true;
        },
        blur: () => this.settle(),
      },
    });
  }

  plugins() {
    return [
      menu({ "{": (words) => this.fieldItems(words), "/": (words) => this.blockItems(words) }, this.element.querySelector("[role=listbox]")),
      ...rules,
      keymap({ ...keys, "Mod-k": this.command((view) => link(view)), Enter: (state, dispatch, view) => openSelected(view) || keys.Enter(state, dispatch) }),
      keymap(allKeys),
      history(),
      new Plugin({ view: () => ({ update: () => this.showActive() }) }),
    ];
  }

  command(action) {
    return (_state, _dispatch, view) => {
      action(view);
      return true;
    };
  }

  dispatch(tr) {
    this.view.updateState(this.view.state.apply(tr));
    if (tr.docChanged && !this.silent) this.write();
  }

  write() {
    this.markdown = this.text.markdown(this.view.state.doc);
    if (this.textarea.value === this.markdown) return;
    this.textarea.value = this.markdown;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Shows the text as its Markdown is read: a mark that covers half a word covers it whole (C5).
  settle() {
    const { state } = this.view;
    if (this.view.composing || this.text.doc.eq(state.doc)) return;
    let { tr } = state;
    state.doc.forEach((node, offset) => {
      if (this.text.numberOf(node) !== null || !node.isTextblock) return;
      const made = settled(schema.node("doc", null, [node])).firstChild;
      if (made.type !== node.type || made.textContent !== node.textContent || made.eq(node)) return;
      const at = tr.mapping.map(offset);
      tr = tr.replaceWith(at + 1, at + 1 + node.content.size, made.content);
    });
    if (tr.docChanged) this.view.dispatch(tr.setMeta("addToHistory", false));
  }

  attributes() {
    const { textarea } = this;
    const told = { class: "input", role: "textbox", "aria-multiline": "true", "aria-labelledby": this.element.dataset.label, dir: "auto", translate: "no" };
    for (const name of ["aria-describedby", "aria-invalid"]) if (textarea.hasAttribute(name)) told[name] = textarea.getAttribute(name);
    return told;
  }

  // Shows what was chosen: the editor or the textarea.
  dress() {
    const { writes } = this;
    this.element.toggleAttribute("data-writing", writes);
    this.textarea.tabIndex = writes ? -1 : 0;
    if (writes) this.textarea.setAttribute("aria-hidden", "true");
    else this.textarea.removeAttribute("aria-hidden");
    for (const button of this.element.querySelectorAll("[data-mode]")) {
      button.disabled = false;
      button.setAttribute("aria-pressed", String((button.dataset.mode === "write") === writes));
    }
    for (const button of this.element.querySelectorAll("[data-command]")) button.disabled = !writes || !this.view.editable;
    this.showActive();
  }

  say(words) {
    this.notice.textContent = words;
    this.notice.hidden = !words;
  }

  showActive() {
    if (!this.view) return;
    for (const button of this.element.querySelectorAll("[data-command][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(Boolean(isActive[button.dataset.command]?.(this.view.state))));
    }
  }

  press(event) {
    const mode = event.target.closest("[data-mode]")?.dataset.mode;
    const command = event.target.closest("[data-command]")?.dataset.command;
    if (mode) this.turn(mode);
    else if (command) this.run(command);
  }

  turn(mode) {
    this.say("");
    this.preference.remember(mode);
    if (mode === "source") {
      this.dress();
      this.textarea.focus();
    } else if (this.view && !this.failed && this.markdown === this.textarea.value) {
      this.dress();
      this.view.focus();
    } else this.read({ focus: true });
  }

  run(command) {
    const { view } = this;
    if (command === "link") link(view);
    else if (["token", "picture", "button", "table"].includes(command)) this.add(command);
    else {
      commands[command](view.state, view.dispatch, view);
      view.focus();
    }
  }

  add(name) {
    if (name !== "token") return add(this.view, name);
    this.view.focus();
    return this.view.someProp("handleTextInput", (type) => type(this.view, this.view.state.selection.from, this.view.state.selection.to, "{"));
  }

  // The arrow keys move through the toolbar, which is one stop of the Tab key.
  move(event) {
    const tools = [...event.currentTarget.querySelectorAll("[role=toolbar] button:not(:disabled)")];
    const at = tools.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = tools[(at + step + tools.length) % tools.length];
    for (const tool of tools) tool.tabIndex = tool === next ? 0 : -1;
    next.focus();
  }

  insertField(written) {
    if (!this.writes) return;
    insert(schema.nodes.token.create({ written }))(this.view.state, this.view.dispatch);
    this.view.focus();
  }

  fieldItems(words) {
    return this.fields.matching(words.trim()).map((name) => ({
      label: this.fields.labels[name],
      note: `{${name}}`,
      run: (view, from, to) => view.dispatch(view.state.tr.replaceWith(from, to, schema.nodes.token.create({ written: `{${name}}` }))),
    }));
  }

  blockItems(words) {
    return [...this.element.querySelectorAll("[data-block]")]
      .map((button) => ({
        label: button.dataset.block,
        run: (view, from, to) => {
          view.dispatch(view.state.tr.delete(from, to));
          this.run(button.dataset.command);
        },
      }))
      .filter(({ label }) => label.toLowerCase().includes(words.trim().toLowerCase()));
  }

  pasted(html) {
    const { html: clean, left } = cleaned(html);
    this.leftOut(left);
    return clean;
  }

  // A file cannot stand in a mail; without text beside it nothing is pasted.
  withoutFiles(transfer) {
    const files = transfer?.files.length ?? 0;
    if (!files || transfer.types.some((type) => type.startsWith("text/"))) return false;
    this.leftOut({ pictures: files });
    return true;
  }

  leftOut({ pictures = 0, crossed = 0, links = 0 }) {
    const were = (count, one, more) => (count === 1 ? `${one} was` : `${count} ${more} were`);
    const said = [
      pictures && `${were(pictures, "A picture", "pictures")} left out: a mail can only show pictures that stand on a web server. Use “Picture” to name its address.`,
      crossed && `${were(crossed, "A text that was crossed out", "texts that were crossed out")} left out.`,
      links && `${were(links, "A link", "links")} left out and the words kept: from a mail such an address leads nowhere.`,
    ];
    if (said.some(Boolean)) this.say(said.filter(Boolean).join(" "));
  }

  // The page was changed around the editor; the textarea says what the text is.
  resume() {
    this.dress();
    if (this.view && this.markdown !== this.textarea.value && !this.failed && !this.preference.source) this.read();
  }
}

function plainSlice(plain) {
  const paragraphs = plain.replace(/\r\n?/g, "\n").split(/\n[ \t]*\n+/).map((part) => {
    const content = part.split("\n").flatMap((line, at) => [...(at ? [schema.nodes.line_break.create()] : []), ...(line ? [schema.text(line)] : [])]);
    return schema.nodes.paragraph.create(null, content);
  });
  return new Slice(Fragment.fromArray(paragraphs), 1, 1);
}

// Makes an editor of each `[data-editor]` of the page and of what htmx brings into it.
export function begin(preference, pressed) {
  const prepare = () => {
    for (const element of document.querySelectorAll("[data-editor]")) {
      if (opened.has(element)) opened.get(element).resume();
      else opened.set(element, new Editor(element, preference, pressed));
    }
  };
  document.addEventListener("htmx:after:swap", prepare);
  prepare();
}

// For tests: what reads and writes, without a page.
export { cleaned, parsed, schema, settled, Text };
export { written } from "./write.js";
