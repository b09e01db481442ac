"""A search cluster (搜索集群): the connection that search and history share, and how they write.

Opened when first asked for, so that a cluster that is down stops no start. What does not answer is
`Overloaded` for whoever asked. Creates an index only when told to `prepare` it, and never touches
one that another company made.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from kernel.errors import Overloaded
from kernel.secret import Secret
from stores.elastic.outcomes import Outcome, outcome_of, slices, unavailable
from stores.elastic.products import Product, recognised
from stores.examined import Examined, Unfit

_OPTIONS = {"ca", "shards", "replicas"}
_SOON = 5
_TRIES = 7
_ADDRESS = "Is the address right, and may this machine reach it?"
_HEALTH = "It may pass. Look at the cluster's health, and at the balancer in front of it."
_OTHER = "Name the cluster's own address: something else listens there."
_PLAINLY = "Begin the address with elastic+http://, or let the cluster speak TLS."
_CERTIFICATE = "Name the authority's file at the end of the address: ?ca=/etc/ca.pem"
_CREDENTIALS = (
    "Check the user and the password, or the API key, in front of the @; they need the rights"
    " to create, read and write indices under the prefix."
)


class Place(NamedTuple):
    """Where a company's indices are, and what their names begin with."""

    nodes: tuple[str, ...]
    prefix: str
    user: str = ""
    secret: Secret = Secret("")
    """The user's password; an API key if there is no user."""
    ca: str | None = None
    shards: int = 1
    replicas: str = "0-1"
    """``0-1``: one as soon as there is a second node to hold it."""


def place(url: str) -> Place:
    """``elastic+https://USER:PASSWORD@host:9200,host2:9200/prefix?ca=/etc/ca.pem``.

    ``:KEY@`` without a user is an API key. Raises `ValueError` with what is wrong, never with the
    secret.
    """
    told = urlsplit(url)
    asked = {name: values[-1] for name, values in parse_qs(told.query).items()}
    if told.scheme not in {"elastic+https", "elastic+http"}:
        raise ValueError("a cluster's address begins with elastic+https:// or elastic+http://")
    if unknown := asked.keys() - _OPTIONS:
        raise ValueError(f"{min(unknown)} is no option of a cluster's address")
    scheme, prefix = told.scheme.removeprefix("elastic+"), told.path.strip("/")
    credentials, _, hosts = told.netloc.rpartition("@")
    user, _, secret = credentials.partition(":")
    if not prefix.replace("-", "").isalnum() or not prefix.islower() or not hosts:
        raise ValueError(
            "a cluster's address ends with the company's own prefix, in small letters:"
            " elastic+https://host:9200/anhe"
        )
    if not asked.get("shards", "1").isdigit():
        raise ValueError("shards is a number")
    port = ":443" if scheme == "https" else ":9200"
    return Place(
        tuple(f"{scheme}://{host}{'' if ':' in host else port}" for host in hosts.split(",")),
        prefix,
        unquote(user), Secret(unquote(secret)), asked.get("ca"),
        int(asked.get("shards", 1)), asked.get("replicas", "0-1"),
    )  # fmt: skip


class Cluster:
    """One process's connection to it."""

    def __init__(
        self,
        at: Place,
        *,
        owner: Callable[[], str],
        patience: float = 10.0,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """``owner`` answers what marks our indices as ours; ``pause`` waits between tries."""
        self.at = at
        self._owner = owner
        self._patience = patience
        self._pause = pause or threading.Event().wait
        self._opening = threading.Lock()
        self._client: Any = None
        self.product: Product | None = None
        self.version = ""

    def name(self, part: str) -> str:
        """The index or alias that we call so."""
        return f"{self.at.prefix}-{part}"

    def client(self) -> Any:
        """Connected and recognised. Raises `Unfit`, or the client's own errors."""
        with self._opening:
            if self._client is None:
                from stores.elastic.plain import PlainNode

                probe = self._connect(PlainNode)
                try:
                    told = probe.perform_request("GET", "/", headers={"accept": "application/json"})
                    self.product, self.version = recognised(
                        told.body if isinstance(told.body, dict) else {}, self.at.nodes[0]
                    )
                    self._client = self._connect(PlainNode if self.product.plain else "urllib3")
                finally:
                    probe.close()
            return self._client

    def _connect(self, node: Any) -> Any:
        from elasticsearch import Elasticsearch

        at, secret = self.at, self.at.secret.reveal()
        how: dict[str, Any] = {"ca_certs": at.ca} if at.ca else {}
        if at.user:
            how["basic_auth"] = (at.user, secret)
        elif secret:
            how["api_key"] = secret
        return Elasticsearch(
            list(at.nodes), node_class=node, request_timeout=self._patience, max_retries=2,
            retry_on_timeout=False, retry_on_status=(502, 503), **how,
        )  # fmt: skip

    @contextmanager
    def asked(self) -> Iterator[Any]:
        """The client; what goes wrong with it is `Overloaded`."""
        from elastic_transport import TransportError
        from elasticsearch import ApiError

        try:
            yield self.client()
        except (ApiError, TransportError, Unfit) as broken:
            raise Overloaded("store_is_unavailable", seconds=_SOON) from broken

    def found(self, ask: Callable[[Any], Any]) -> Mapping[str, Any] | None:
        """The answer, or None where there is no such thing."""
        from elasticsearch import NotFoundError

        with self.asked() as client:
            try:
                return dict(ask(client).body)
            except NotFoundError:
                return None

    def bulk(self, items: Sequence[tuple[dict[str, Any], Any]]) -> list[Outcome]:
        """Write, each item until it is taken or refused for good; the outcomes in order.

        Only items that were turned away for want of room are tried again, later and later. Raises
        `Overloaded` if some are still turned away, or an index takes no writes now.
        """
        outcomes: list[Outcome | None] = [None] * len(items)
        waiting = list(range(len(items)))
        for turn in range(_TRIES):
            if turn:
                self.wait(turn)
            for part in slices(items, waiting):
                for place_, outcome in zip(part, self._sent([items[n] for n in part]), strict=True):
                    outcomes[place_] = outcome
            waiting = [n for n in waiting if (told := outcomes[n]) and told.status == 429]
            if not waiting:
                break
        settled = [each for each in outcomes if each is not None]
        if waiting or any(unavailable(each) for each in settled):
            raise Overloaded("store_is_unavailable", seconds=_SOON)
        return settled

    def wait(self, turn: int) -> None:
        """Longer every turn, and never as long as another who waits."""
        self._pause(min(2.0, 0.05 * 2**turn) * random.uniform(0.5, 1))  # noqa: S311 - not a secret

    def _sent(self, items: Sequence[tuple[dict[str, Any], Any]]) -> list[Outcome]:
        from elasticsearch import ApiError

        lines = [line for head, body in items for line in (head, body) if line is not None]
        with self.asked() as client:
            try:
                answer = client.bulk(operations=lines)
            except ApiError as refused:
                if refused.status_code == 429:
                    return [Outcome(429, "", "")] * len(items)
                raise
        return [outcome_of(next(iter(each.values()))) for each in answer["items"]]

    def prepare(self, alias: str, mapping: Mapping[str, Any], shape: int) -> str:
        """Make the index behind an alias if there is none, or one of another shape; what was done.

        Raises `Unfit` for an index of that name that is not ours.
        """
        made = self.shape(alias)
        if made == shape:
            return ""
        if made is None:  # in one step with its alias: who dies here leaves nothing half made
            self.make(f"{alias}-v{shape}", mapping, shape, aliases={self.name(alias): {}})
            return f"{self.name(alias)}: made"
        self.swap(alias, self.make(alias, mapping, shape))
        return f"{self.name(alias)}: made anew"

    def shape(self, alias: str) -> int | None:
        """Which shape the index behind an alias has; None if there is none. Raises `Unfit`."""
        told = self.found(lambda client: client.indices.get_mapping(index=self.name(alias)))
        shapes = [self._shape(index, each["mappings"]) for index, each in (told or {}).items()]
        return min(shapes, default=None)

    def _shape(self, index: str, mapping: Mapping[str, Any]) -> int:
        meta = mapping.get("_meta", {})
        if not self._is_ours(mapping):
            whose = "another company" if meta.get("product") == "juzhen" else "another program"
            raise Unfit(
                f"The index {index} belongs to {whose}: give this company a prefix of its own"
                " at the end of the cluster's address. Nothing was changed."
            )
        return int(meta.get("shape", 0))

    def _is_ours(self, mapping: Mapping[str, Any]) -> bool:
        meta = mapping.get("_meta", {})
        return bool(meta.get("product") == "juzhen" and meta.get("owner") == self._owner())

    def make(
        self,
        part: str,
        mapping: Mapping[str, Any],
        shape: int,
        *,
        aliases: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> str:
        """A new index under a name that nobody has yet, to be written to by the alias `beside` it
        until it is swapped in; with aliases, exactly this one, unless it is there already."""
        from elasticsearch import BadRequestError

        told = {
            "settings": {
                "number_of_shards": self.at.shards,
                **_replicas(self.at.replicas),
                "index.merge.policy.expunge_deletes_allowed": 0,
                **(settings or {}),
            },
            "mappings": {
                "dynamic": "strict",
                "_meta": {"product": "juzhen", "owner": self._owner(), "shape": shape},
                **mapping,
            },
        }
        index = self.name(part) if aliases else f"{self.name(part)}-{secrets.token_hex(5)}"
        with self.asked() as client:
            try:
                client.indices.create(index=index, aliases=aliases or {beside(index): {}}, **told)
            except BadRequestError as there:
                if not aliases or "already_exists" not in str(there.error):
                    raise
        return index

    def swap(self, alias: str, index: str, *others: str) -> None:
        """Let the alias mean this index from now on, in one step; the old one is dropped, and
        other aliases mean this one, too.

        Nothing is done if the new one was swept meanwhile.
        """
        name = self.name(alias)
        old = self.found(lambda client: client.indices.get_alias(name=name)) or {}
        actions = [
            _unnamed(index),
            *({"add": {"index": index, "alias": self.name(each)}} for each in (alias, *others)),
            *({"remove_index": {"index": each}} for each in old),
        ]
        with self.asked() as client:
            client.indices.update_aliases(actions=actions)

    def sweep(self, alias: str, until: datetime) -> int:
        """Drop what was made before then to take an alias's place and never did; how many.

        It loses its name first: whoever is at it after all fails from then on, and whoever has
        just swapped it in keeps it.
        """
        from elasticsearch import NotFoundError

        pattern, gone = f"{self.name(alias)}-*", 0
        there = self.found(lambda client: client.indices.get(index=pattern)) or {}
        for index, told in there.items():
            names, made = told["aliases"].keys(), told["settings"]["index"]["creation_date"]
            late = int(made) >= until.timestamp() * 1_000
            if late or not names <= {beside(index)} or not self._is_ours(told["mappings"]):
                continue
            with self.asked() as client, suppress(NotFoundError):
                if names:
                    client.indices.update_aliases(actions=[_unnamed(index)])
                client.indices.delete(index=index)
                gone += 1
        return gone

    def examine(self, shapes: Mapping[str, int], *, later: Collection[str] = ()) -> Examined:
        """Who answers, and whether the indices behind these aliases are ours, in these shapes;
        ``later`` are those that need not be there yet."""
        from elastic_transport import TransportError
        from elasticsearch import ApiError

        where = ", ".join(self.at.nodes)
        try:
            self.client()
            found = {alias: self.shape(alias) for alias in shapes}
            found |= {alias: shapes[alias] for alias in later if found[alias] is None}
        except Unfit as unfit:
            says, _, advice = str(unfit).partition(": ")
            return Examined(False, says, advice)
        except (ApiError, TransportError) as broken:
            return _broken(where, broken)
        except Overloaded as broken:
            return _broken(where, broken.__cause__, recognised=True)
        name = self.product.name if self.product else ""
        says = f"{name} {self.version}, prefix {self.at.prefix}"
        if found != shapes:
            return Examined(
                False, f"{says}: its indices are {_state(found)}", "Run: juzhen migrate"
            )
        return Examined(True, says, "")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _state(found: Mapping[str, int | None]) -> str:
    return "not there yet" if None in found.values() else "of another version"


def beside(index: str) -> str:
    """By what name an index is written to before it is swapped in. No index is made of it."""
    return f"{index}-beside"


def _unnamed(index: str) -> dict[str, Any]:
    return {"remove": {"index": index, "alias": beside(index), "must_exist": True}}


def _broken(where: str, broken: BaseException | None, *, recognised: bool = False) -> Examined:
    """What went wrong with asking, told so that nobody looks for it in the wrong place."""
    from elastic_transport import SerializationError, TlsError
    from elasticsearch import ApiError

    status = broken.status_code if isinstance(broken, ApiError) else 0
    if status in {408, 429} or status >= 500:
        return Examined(None, f"{where} cannot answer now ({status})", _HEALTH)
    if status in {401, 403} or (status >= 400 and recognised):
        return Examined(False, f"{where} refuses us ({status})", _CREDENTIALS)
    if status or isinstance(broken, SerializationError):
        return Examined(False, f"{where} is neither Elasticsearch nor OpenSearch", _OTHER)
    if isinstance(broken, TlsError):
        if "CERTIFICATE_VERIFY_FAILED" in str(broken):
            return Examined(False, f"{where}: its certificate is not trusted", _CERTIFICATE)
        return Examined(False, f"{where} does not speak TLS", _PLAINLY)
    return Examined(None, f"{where} does not answer ({type(broken).__name__})", _ADDRESS)


def _replicas(told: str) -> dict[str, Any]:
    return {"auto_expand_replicas": told} if "-" in told else {"number_of_replicas": int(told)}
