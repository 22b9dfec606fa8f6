"""What the commands of one process need not do again and again: only work that is the same for all.

AWS's models are files of botocore, a configuration is a text: who reads them twice reads the same.
"""

import functools
import gc
import threading
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest
import yaml
from botocore import hooks
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader


def keep(world: pytest.MonkeyPatch) -> None:
    """Read models, lists of services and texts of YAML once, as long as this world is."""
    seldom_collect()
    _keep_models(world)
    _keep_services(world)
    _keep_aliases(world)
    _keep_signatures(world)
    _keep_yaml(world)


def seldom_collect() -> None:
    """Look for garbage in circles seldom: what is loaded stays, and is looked at each time."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


def _keep_models(world: pytest.MonkeyPatch) -> None:
    """But not for a sandbox in this process: clients change what they were given."""
    read_file = JSONFileLoader.load_file
    read = functools.cache(lambda path: read_file(JSONFileLoader(), path))

    def load_once(loader: JSONFileLoader, path: str) -> Any:
        if threading.current_thread().name.startswith("waitress"):
            return read_file(loader, path)
        return read(path)

    world.setattr(JSONFileLoader, "load_file", load_once)


def _keep_services(world: pytest.MonkeyPatch) -> None:
    """Each client asks its loader whether the service exists; the answer is 400 folders."""
    list_services = Loader.list_available_services
    known: dict[tuple[str, ...], list[str]] = {}

    def list_once(loader: Loader, type_name: str) -> list[str]:
        where = (type_name, *loader.search_paths)
        if where not in known:
            known[where] = list_services(loader, type_name)
        return list(known[where])

    world.setattr(Loader, "list_available_services", list_once)


def _keep_aliases(world: pytest.MonkeyPatch) -> None:
    """Every session registers the same handlers under the same names."""
    find = EventAliaser._alias_event_name
    known: dict[str, str] = {}

    def find_once(aliaser: EventAliaser, name: str) -> str:
        if name not in known:
            known[name] = find(aliaser, name)
        return known[name]

    world.setattr(EventAliaser, "_alias_event_name", find_once)


def _keep_signatures(world: pytest.MonkeyPatch) -> None:
    """And looks whether each of these handlers takes keywords."""
    look = hooks.accepts_kwargs
    known: dict[Any, bool] = {}

    def look_once(handler: Any) -> bool:
        function = getattr(handler, "__func__", handler)
        if not isinstance(function, FunctionType):
            return bool(look(handler))
        if function.__code__ not in known:
            known[function.__code__] = look(handler)
        return known[function.__code__]

    world.setattr(hooks, "accepts_kwargs", look_once)


def _keep_yaml(world: pytest.MonkeyPatch) -> None:
    """What a text was parsed to when it was read to its end; what is refused is parsed anew."""
    parse = yaml.parse
    known: dict[str, list[yaml.Event]] = {}

    def parse_once(text: str, Loader: type[yaml.SafeLoader]) -> Iterator[yaml.Event]:  # noqa: N803 - PyYAML's name
        if text in known:
            yield from known[text]
            return
        events = []
        for event in parse(text, Loader=Loader):
            events.append(event)
            if isinstance(event, yaml.StreamEndEvent):
                known[text] = events
            yield event

    world.setattr(yaml, "parse", parse_once)
