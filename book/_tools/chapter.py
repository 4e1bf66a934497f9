"""Execute one chapter in a fresh kernel, and believe it only if the kernel says that each cell ran to its end."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import copy
import functools
import os
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from book._tools import watch
from book._tools.failures import Failure, may_fail, unfinished, without_colours
from book._tools.floor import Closed, Floor
from book._tools.pages import Page

ROOT = Path(__file__).resolve().parents[2]
STARTING = 600
"""Seconds that a kernel may take to start, and its last outputs to arrive, on a machine with other work."""


class Untrustworthy(RuntimeError):
    """A cell came to an end that is not its own."""


@dataclass
class Chapter:
    """One page on its way through a kernel. `run` gives None, or the failure; the rest is the record of the run."""

    page: Page
    floor: Floor
    limit: int
    threads: int
    """Threads that a parallel loop may use."""
    seconds: float = 0.0
    """On the clock, in cells; without the start of the kernel and the wait for the floor."""
    processor: float = 0.0
    notebook: NotebookNode = field(init=False)
    _at: int | None = None
    _ran: list[int] = field(default_factory=list)
    _holds: bool | None = None
    """Whether the floor is held alone; None: not held."""
    _started: float = 0.0
    _stopped: bool = False
    _process: Any = None

    def __post_init__(self) -> None:
        self.notebook = copy.deepcopy(self.page.notebook)
        self.client = NotebookClient(
            self.notebook,
            timeout=self.limit,
            startup_timeout=STARTING,
            # nbclient would wait four seconds for a cell's outputs, and then go on without them.
            iopub_timeout=STARTING,
            raise_on_iopub_timeout=True,
            record_timing=False,
            skip_cells_with_tag="",
            extra_arguments=["--log-level=ERROR"],
            # Killed until it has earned to be asked: see `_ended`.
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(self.page.path.parent)}},
            on_notebook_start=self._begins,
            on_cell_execute=self._starts,
            on_cell_executed=self._ended,
        )

    def run(self) -> Failure | None:
        environment = {"OMP_NUM_THREADS": str(self.threads), **os.environ, "PYTHONPATH": str(ROOT)}
        try:
            asyncio.run(self.client.async_execute(env=environment))
        except CellExecutionError as error:
            return self._failure(f"{error.ename}: {error.evalue}".strip(), without_colours(error.traceback))
        except CellTimeoutError as error:
            if "IOPub" in str(error):
                return self._failure(f"ended, but its outputs did not arrive within {STARTING} s")
            return self._failure(
                f"was stopped at the limit of {self.limit} s for one cell (execute: timeout in _config.yml)"
            )
        except DeadKernelError:
            return self._failure(self._death())
        except Untrustworthy as error:
            return self._failure(str(error))
        except Closed:
            return self._failure("was not run: the build was stopped")
        except (OSError, RuntimeError) as error:
            return self._failure(f"the kernel failed: {error}", traceback.format_exc())
        finally:
            self._leave()
            self._end_children()
        return self._verdict()

    def stop(self) -> None:
        """End the kernel and all that it started, now; from another thread."""
        self._stopped = True
        self._end_children()

    def _begins(self, **_: Any) -> None:
        assert self.client.km is not None
        assert self.client.kc is not None
        self._process = getattr(self.client.km.provisioner, "process", None)
        if self._stopped:
            raise Closed
        kc = self.client.kc
        kc.execute(watch.START, silent=True, store_history=False)
        asks = functools.partial(kc.execute, user_expressions={"watch": watch.REPORT})
        kc.execute = asks  # type: ignore[method-assign]

    def _starts(self, cell_index: int, **_: Any) -> None:
        self._at = cell_index
        alone = cell_index in self.page.alone
        if self._holds is not alone:
            self._leave()
            self.floor.enter(alone=alone)
            self._holds = alone
        self._started = time.monotonic()

    def _ended(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self.seconds += time.monotonic() - self._started
        if not self._holds:  # alone, it is kept for the next cell, which may want it too
            self._leave()
        reply = execute_reply["content"]
        if reply["status"] == "ok":
            self._hear(reply["user_expressions"].get("watch", {}))
        elif reply.get("ename") == "KeyboardInterrupt":
            raise Untrustworthy("was interrupted (KeyboardInterrupt)")
        elif not may_fail(cell):
            return  # nbclient raises it
        if reply["execution_count"] != len(self._ran) + 1:
            raise Untrustworthy(f"ran as number {reply['execution_count']} of its kernel")
        self._ran.append(cell_index)
        if self._ran == self.page.cells:
            self.client.shutdown_kernel = "graceful"

    def _hear(self, answer: dict[str, Any]) -> None:
        if answer.get("status") != "ok":
            raise Untrustworthy(
                f"ended, but its kernel does not say how ({answer.get('evalue', 'no answer')})"
            )
        interrupts, self.processor = ast.literal_eval(answer["data"]["text/plain"])
        if interrupts:
            raise Untrustworthy("was interrupted (SIGINT) and went on, so that its results are cut short")

    def _verdict(self) -> Failure | None:
        if self._ran != self.page.cells:
            missing = next(i for i in self.page.cells if i not in self._ran)
            self._at = missing
            return self._failure("did not run; has it any code?")
        if problem := unfinished(self.notebook):
            number, what = problem
            self._at = self.page.cells[number - 1]
            return self._failure(what)
        return None

    def _failure(self, error: str, trace: str = "") -> Failure:
        if self._at is None:
            return Failure(self.page.name, 0, "", error, trace)
        number = self.page.cells.index(self._at) + 1
        return Failure(self.page.name, number, self.notebook.cells[self._at].source, error, trace)

    def _death(self) -> str:
        code = self._process.poll() if self._process else None
        if code is None or code >= 0:
            return f"its kernel died (exit code {code})"
        name = signal.Signals(-code).name
        why = "; the usual cause is that the machine ran out of memory" if name == "SIGKILL" else ""
        return f"its kernel died ({name}{why})"

    def _leave(self) -> None:
        if self._holds is not None:
            self.floor.leave(alone=self._holds)
            self._holds = None

    def _end_children(self) -> None:
        """A kernel leads its own group of processes, in which those that it started outlive it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left
                os.killpg(self._process.pid, signal.SIGKILL)
