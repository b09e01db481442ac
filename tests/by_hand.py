"""By hand (手动停止): Ctrl-C in the middle of a command that runs in this process."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_once(there: Callable[[], bool]) -> Iterator[None]:
    """Ctrl-C as soon as that is true, also where whoever started the tests has it ignored; again
    after five seconds, should it have come just before a call that waits."""
    ended = threading.Event()
    me = threading.get_ident()

    def stop() -> None:
        while not ended.wait(0.01):
            if there():
                signal.pthread_kill(me, signal.SIGINT)
                ended.wait(5.0)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    watch = threading.Thread(target=stop)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()
        signal.signal(signal.SIGINT, before)
