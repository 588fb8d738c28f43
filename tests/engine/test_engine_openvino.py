"""OpenVINO is imported without what it does besides computing, and signals are survived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from impasto.engine.openvino import load_openvino
openvino = load_openvino()
openvino.Core()
print(sorted({n.split(".")[0] for n in sys.modules} & {"openvino_telemetry", "urllib3", "ssl"}))
try:
    openvino.no_such_thing
except AttributeError as error:
    print(error)
import openvino as again
print(again is openvino is load_openvino())
"""


def python(code: str, home: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"HOME": str(home), "LOCALAPPDATA": str(home)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_nothing_is_sent_and_nobody_is_given_an_identity(tmp_path: Path) -> None:
    assert python(CODE, tmp_path) == [
        "[]",
        "module 'openvino' has no attribute 'no_such_thing'",
        "True",
    ]
    assert not list(tmp_path.rglob("*openvino*"))


@pytest.mark.parametrize("first", ["import openvino", ""])
def test_who_wants_the_converter_has_it(tmp_path: Path, first: str) -> None:
    # which sends what it sends: not from a test
    lines = ["import sys", "sys.modules['openvino_telemetry'] = None", first]
    lines += ["from impasto.engine.openvino import load_openvino"]
    lines += ["load_openvino()", "import openvino", "print(openvino.convert_model.__name__)"]
    assert python("\n".join(lines), tmp_path) == ["convert_model"]


GONE = """
import faulthandler, os, signal, time
faulthandler.enable()  # has a stack for signals of its own, as pytest and notebooks have
signal.signal(signal.SIGINT, signal.default_int_handler)
from impasto.methods.realtime.engines import make_engine
engines = [make_engine("openvino", "float32", "cpu", 1) for _ in range(2)]
while engines:
    del engines[0]  # the first that came goes first
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="signals are sent otherwise there")
def test_a_signal_after_engines_have_come_and_gone_is_survived() -> None:
    """OpenVINO's plugin gives the thread a stack for signals, and frees it with itself."""
    found = subprocess.run(
        [sys.executable, "-c", GONE], capture_output=True, text=True, check=False
    )
    assert found.returncode != -signal.SIGSEGV
    assert found.stdout == "interrupted\n"
