"""Programs that a test changes before they run: `python -m tests.support.NAME … PROGRAM …`, one around the other."""

import sys
from importlib import import_module
from importlib.metadata import entry_points


def run_here(program: str, *arguments: str) -> None:
    """Run a console script of an installed package, or another module of `tests.support`, in this very process."""
    if program.startswith("tests.support."):
        import_module(program).main(*arguments)
        return
    sys.argv = [program, *arguments]
    [script] = entry_points(group="console_scripts", name=program)
    sys.exit(script.load()())


def around(module: str, line: str) -> str:
    """The line of a Procfile whose program runs within that module of `tests.support`, given with its arguments."""
    python = f"{sys.executable} -m "
    return f"{python}tests.support.{module} {line.removeprefix(python)}"
