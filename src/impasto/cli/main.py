"""The root command: loads a subcommand only when it is called, and prints errors in one line."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from impasto import __version__
from impasto.cli.interrupt import keep_interrupts
from impasto.errors import ImpastoError

# name -> (module of impasto.cli, what the overview says)
COMMANDS = {
    "stylize": ("stylize", "Paint a photo in the style of another picture."),
    "video": ("video", "Paint a film, with its sound, frame after frame."),
    "camera": ("camera", "Paint what a camera shows, as it shows it."),
    "styles": ("styles", "List, look at, save and tune styles."),
    "regions": ("regions", "Split pictures into regions that match, for masks."),
    "inspect": ("recipes", "Show how a picture was made."),
    "again": ("recipes", "Make a picture again from its recipe."),
    "verify": ("verify", "Tell whether a file is as it was signed, and what made it."),
    "metrics": ("metrics", "Measure how near results are to content and style."),
    "explain": ("explain", "Explain on a page what moved where, and what of the style went where."),
    "weights": ("weights", "List, import and fetch network weights."),
    "export": ("export", "Write the real-time network as ONNX."),
    "train": ("train", "Train networks of your own."),
    "studio": ("serve", "Open a page for painting in the browser."),
    "serve": ("serve", "Serve pictures, films and trainings over HTTP."),
    "info": ("info", "Show versions, devices and what is installed."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"impasto.cli.{COMMANDS[cmd_name][0]}")
        return getattr(module, cmd_name)  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="impasto")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def cli(debug: bool) -> None:
    """Turn any picture into any style, on your own machine."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; exit 0 when done, 1 on an error, 2 on wrong usage, 130 on Ctrl-C.

    Without arguments it is the whole process, which ends here.
    """
    if args is not None:
        _run(args)
    # numpy's threads wait in a loop, and take cores from those that decode and compile
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    keep_interrupts()
    try:
        _run(sys.argv[1:])
    except SystemExit as done:
        _leave(done)


def _run(arguments: list[str]) -> NoReturn:
    debug = "--debug" in arguments
    # wherever it stands, as users put it last when something has failed
    arguments = [a for a in arguments if a != "--debug"]
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        sys.exit(cli.main(arguments, prog_name="impasto", standalone_mode=False))
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        # click has its own error for Ctrl-C; what was said is in the cause
        _fail(str(error.__cause__ or error) or "stopped", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except ImpastoError as error:
        if debug:
            raise
        _fail(str(error), 1)
    except MemoryError as error:
        if debug:
            raise
        _fail(f"out of memory ({error}): use a smaller --size", 1)
    except Exception as error:
        if debug:
            raise
        if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not imported here
            _fail("out of memory on the GPU: use a smaller --size, or --memory in a training", 1)
        _fail(f"a fault of Impasto's own, {type(error).__name__}: {error}; --debug shows more", 1)


def _leave(done: SystemExit) -> NoReturn:
    """End the process, without taking down what is loaded where that takes long.

    For OpenVINO's libraries it takes as long as to paint ten pictures. PyTorch may have processes
    of its own to end.
    """
    code = 0 if done.code is None else done.code
    if "openvino" not in sys.modules or "torch" in sys.modules or not isinstance(code, int):
        raise done
    atexit._run_exitfuncs()
    with suppress(AttributeError, OSError, ValueError):  # nobody reads, any more or at all
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise done


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"impasto: {' '.join(message.split())}", err=True)
    sys.exit(code)


def _show_warning(message: Any, category: Any, *place: Any, **more: Any) -> None:
    click.echo(f"impasto: note: {' '.join(str(message).split())}", err=True)
