"""Make the next things while one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
_END: Any = object()


def ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Yield items; while one is used, a thread makes the next one.

    What the thread raises is raised here, at the item's turn. At the end, which waits for the
    thread, a generator is closed.
    """
    source = iter(items)
    with ExitStack() as stack:
        if isinstance(source, Generator):
            stack.enter_context(closing(source))
        thread = stack.enter_context(ThreadPoolExecutor(1))
        coming = thread.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, source, _END)
            yield item


def at_once(
    make: Callable[[Item], Made], items: Iterable[Item], threads: int
) -> Generator[Made, None, None]:
    """Yield what is made of items, in their order; so many threads make as many at once.

    What is raised is raised at the item's turn, after those before it. At the end, which waits for
    what is being made, a generator is closed.
    """
    source = iter(items)
    coming: deque[Future[Made]] = deque()
    failed: BaseException | None = None
    with ExitStack() as stack:
        if isinstance(source, Generator):
            stack.enter_context(closing(source))
        pool = ThreadPoolExecutor(threads)
        stack.callback(pool.shutdown, cancel_futures=True)
        while True:
            while failed is None and len(coming) <= threads:
                try:
                    coming.append(pool.submit(make, next(source)))
                except (StopIteration, Exception) as error:
                    failed = error
            if not coming:
                break
            yield coming.popleft().result()
    if failed is not None and not isinstance(failed, StopIteration):
        raise failed
