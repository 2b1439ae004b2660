"""Several serving processes under one parent: Uvicorn's supervisor, which also logs each start and exit."""

import os
import signal
from contextlib import suppress
from socket import socket
from types import FrameType

import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from service.cli.metrics_folder import delete_shared_metrics
from service.shutdown import limit_shutdown

log = structlog.get_logger("onereply.serve")


class Supervisor(Multiprocess):
    """Starts workers, replaces dead ones, and stops all of them within ``shutdown_seconds`` of SIGTERM.

    After :meth:`run`, ``has_failed`` says whether it stopped because a worker could not start.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket], *, shutdown_seconds: float) -> None:
        super().__init__(config, sockets)
        self.has_failed = False
        self._is_stopping = False
        self._counted: set[int] = set()  # the pids that have gauges in the metrics
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        limit_shutdown(shutdown_seconds, at_limit=self._kill_all)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Pass the signal on at once; Uvicorn would wait until its next health check of the workers."""
        self._is_stopping = True
        self.signal_queue.append(number)
        for process in self.processes:
            if process.exitcode is None and process.pid:
                os.kill(process.pid, signal.SIGTERM)

    def _kill_all(self) -> None:
        for process in self.processes:
            if process.pid and process.exitcode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        delete_shared_metrics()

    def init_processes(self) -> None:
        """Start the workers."""
        super().init_processes()
        self._counted = {process.pid for process in self.processes if process.pid}
        for process in self.processes:
            log.info("worker-started", pid=process.pid)

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that died or hangs; stop if a worker can't start."""
        for index, process in enumerate(self.processes):
            if self._is_stopping or self.should_exit.is_set():
                return
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck) or self._is_stopping:
                continue
            self._reap(process)
            if process.exitcode == STARTUP_FAILURE:
                log.error("worker-failed-to-start", pid=process.pid)
                self.has_failed = True
                self.should_exit.set()
                return
            self.processes[index] = Process(self.config, self.sockets)
            self.processes[index].start()
            self._remove_dead_gauges()
            log.info("worker-restarted", pid=self.processes[index].pid, instead_of=process.pid)
        self._remove_dead_gauges()

    def _reap(self, process: Process) -> None:
        is_hung = process.exitcode is None
        process.kill()
        process.join()
        if is_hung:
            log.warning("worker-killed", pid=process.pid, reason="It did not answer for some seconds.")
        elif process.exitcode != STARTUP_FAILURE:
            log.warning("worker-died", pid=process.pid, reason=_reason(process.exitcode))

    def _remove_dead_gauges(self) -> None:
        """Remove the gauges of dead workers from the metrics."""
        present = {process.pid for process in self.processes if process.pid}
        for pid in self._counted - present:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus-client's
        self._counted = present


def _reason(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
