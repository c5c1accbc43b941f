"""Random histories of consents, mappings and artifacts: states, revisions and determinations are a plain model's.

CONSENT_CASES=2000 is the thorough form.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.consent import plain_consents
from tests.emulator.consent.cases import CASES
from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, attribute
from tests.emulator.services.healthcare.transfers import download, make_bucket, run

USERS = ("p1", "p2")
RULES = (
    "purpose == 'research'",
    "purpose == 'care' || role == 'clinician'",
    "purpose != 'care' && role in ['clinician', 'researcher']",
    "role in []",
)
KINDS = ("image", "report")
DEFAULTS = {"identity": "hidden"}
MOVES = {"activate": ("DRAFT", "ACTIVE"), "reject": ("DRAFT", "REJECTED"), "revoke": ("ACTIVE", "REVOKED")}
USES: tuple[Json, ...] = (
    {},
    {"purpose": "research"},
    {"purpose": "care"},
    {"purpose": "research", "role": "researcher"},
)
PAST, FUTURE, NOW = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z", "2026-01-01T00:00:00Z"

Step = tuple[Any, ...]


def resources() -> st.SearchStrategy[list[Json]]:
    kinds = st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique=True).map(lambda v: attribute("kind", *v))
    identities = st.sampled_from(("open", "hidden")).map(lambda value: attribute("identity", value))
    return st.tuples(st.none() | kinds, st.none() | identities).map(lambda both: [each for each in both if each])


def policies() -> st.SearchStrategy[list[Json]]:
    one = st.builds(
        lambda rule, found: {
            "authorizationRule": {"expression": rule},
            **({"resourceAttributes": found} if found else {}),
        },
        st.sampled_from(RULES),
        resources(),
    )
    return st.lists(one, max_size=2)


def steps() -> st.SearchStrategy[Step]:
    number = st.integers(0, 5)
    user = st.sampled_from(USERS)
    return st.one_of(
        st.tuples(
            st.just("create"),
            user,
            policies(),
            st.sampled_from(("ACTIVE", "DRAFT", "DRAFT", "REVOKED")),
            st.sampled_from((None, None, PAST, FUTURE)),
        ),
        st.tuples(st.just("move"), number, st.sampled_from(tuple(MOVES))),
        st.tuples(st.just("patch"), number, policies(), user),
        st.tuples(st.just("delete"), number),
        st.tuples(st.just("forget"), number, number),
        st.tuples(st.just("map"), user, st.sampled_from((None, *KINDS)), st.booleans()),
        st.tuples(st.just("archive"), number),
    )


@dataclass
class Model:
    """What should be there, and the store that should have it."""

    store: ConsentStore
    artifact: str
    consents: dict[str, list[Json]] = field(default_factory=dict)
    """Revisions by consent, oldest first."""
    mappings: dict[str, Json] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        getattr(self, step[0])(*step[1:])

    def chosen(self, number: int) -> str | None:
        names = [*self.consents]
        return names[number % len(names)] if names else None

    def create(self, user: str, said: list[Json], state: str, expires: str | None) -> None:
        body = {"userId": user, "policies": said, "state": state, "consentArtifact": self.artifact}
        made = self.store.ok("POST", "/consents", {**body, **({"expireTime": expires} if expires else {})})
        expected = {**body, "expireTime": expires, "policies": said}
        assert {key: made.get(key, [] if key == "policies" else None) for key in expected} == expected
        self.consents[made["name"]] = [made]

    def move(self, number: int, verb: str) -> None:
        name = self.chosen(number)
        if name is None:
            return
        before, after = MOVES[verb]
        now = self.consents[name][-1]
        path, body = f"{self.store.of(name)}:{verb}", {"consentArtifact": self.artifact}
        if now["state"] not in (before, after):
            assert self.store.refused("POST", path, body)[0] == "FAILED_PRECONDITION"
            return
        self.note(name, self.store.ok("POST", path, body), {**now, "state": after}, same=now["state"] == after)

    def patch(self, number: int, said: list[Json], user: str) -> None:
        name = self.chosen(number)
        if name is None:
            return
        path, now = f"{self.store.of(name)}?updateMask=policies,userId", self.consents[name][-1]
        body: Json = {"policies": said, "userId": user}
        if now["state"] in ("REVOKED", "REJECTED"):
            assert self.store.refused("PATCH", path, body)[0] == "FAILED_PRECONDITION"
            return
        expected = {key: value for key, value in {**now, **body}.items() if value != []}
        self.note(name, self.store.ok("PATCH", path, body), expected, same=False)

    def note(self, name: str, found: Json, expected: Json, *, same: bool) -> None:
        own = {key: found[key] for key in ("revisionId", "revisionCreateTime")}
        assert found == (expected if same else {**expected, **own})
        if not same:
            assert own["revisionId"] not in {each["revisionId"] for each in self.consents[name]}
            self.consents[name].append(found)

    def delete(self, number: int) -> None:
        if (name := self.chosen(number)) is not None:
            self.store.ok("DELETE", self.store.of(name))
            del self.consents[name]

    def forget(self, number: int, revision: int) -> None:
        if (name := self.chosen(number)) is None:
            return
        kept = self.consents[name]
        at = revision % len(kept)
        path = f"{self.store.of(name)}@{kept[at]['revisionId']}:deleteRevision"
        if at == len(kept) - 1:
            assert self.store.refused("DELETE", path)[0] == "INVALID_ARGUMENT"
        else:
            self.store.ok("DELETE", path)
            del kept[at]

    def map(self, user: str, kind: str | None, opened: bool) -> None:
        said = [attribute("kind", kind)] if kind else []
        said += [attribute("identity", "open")] if opened else []
        body = {"dataId": f"d{len(self.mappings)}", "userId": user, "resourceAttributes": said}
        made = self.store.ok("POST", "/userDataMappings", body)
        self.mappings[made["name"]] = made

    def archive(self, number: int) -> None:
        names = [*self.mappings]
        if names:
            name = names[number % len(names)]
            self.store.ok("POST", f"{self.store.of(name)}:archive", {})
            self.mappings[name] |= {"archived": True}

    def check(self) -> None:
        for name, kept in self.consents.items():
            assert self.store.ok("GET", f"{self.store.of(name)}:listRevisions")["consents"] == kept[::-1]
        listed = self.store.ok("GET", "/consents").get("consents", [])
        latest = [kept[-1] for kept in self.consents.values()]
        assert sorted(listed, key=lambda each: str(each["name"])) == sorted(latest, key=lambda each: str(each["name"]))
        for use in USES:
            self.check_use(latest, use)

    def check_use(self, latest: list[Json], use: Json) -> None:
        live = [each for each in self.mappings.values() if not each.get("archived")]
        said = {each["dataId"]: plain_consents.details(latest, each, use, DEFAULTS, NOW) for each in live}
        for each in live:
            assert self.store.details(each["dataId"], **use) == said[each["dataId"]]
        for user in USERS if use else ():
            body = {"userId": user, "requestAttributes": use}
            found = self.store.ok("POST", ":evaluateUserConsents", body).get("results", [])
            expected = {each["dataId"]: permitted(said[each["dataId"]]) for each in live if each["userId"] == user}
            assert {each["dataId"]: each.get("consented", False) for each in found} == expected

    def accessible(self, use: Json) -> list[str]:
        latest = [kept[-1] for kept in self.consents.values()]
        live = [each for each in self.mappings.values() if not each.get("archived")]
        found = [e["dataId"] for e in live if permitted(plain_consents.details(latest, e, use, DEFAULTS, NOW))]
        return sorted(found)


def permitted(said: dict[str, str]) -> bool:
    return "HAS_SATISFIED_POLICY" in said.values()


@contextmanager
def a_model(make_bare: Callable[..., ConsentStore]) -> Iterator[Model]:
    store = make_bare()
    store.define("purpose", "research", "care", category="REQUEST")
    store.define("role", "clinician", "researcher", category="REQUEST")
    store.define("kind", *KINDS)
    store.define("identity", "open", "hidden", dataMappingDefaultValue="hidden")
    yield Model(store, store.artifact())
    store.ok("DELETE")


@settings(
    max_examples=max(10, CASES // 6) if CASES < 1000 else CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps(), min_size=4, max_size=14))
def test_any_history_leads_where_the_model_says(make_bare: Callable[..., ConsentStore], history: list[Step]) -> None:
    with a_model(make_bare) as model:
        for step in history:
            model.do(step)
        model.check()


@settings(
    max_examples=max(4, CASES // 20),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps(), min_size=8, max_size=20), st.sampled_from(USES[1:]))
def test_accessible_data_are_those_that_the_model_permits(
    make_bare: Callable[..., ConsentStore], unique: Callable[[str], str], history: list[Step], use: Json
) -> None:
    with a_model(make_bare) as model:
        for step in history:
            model.do(step)
        bucket = make_bucket(model.store.emulator, unique("accessible"), "roles/storage.objectAdmin")
        body = {"requestAttributes": use, "gcsDestination": {"uriPrefix": f"gs://{bucket}"}}
        done = run(model.store.emulator, model.store.name, "queryAccessibleData", body)
        name = done["response"]["gcsUris"][0].rpartition("/")[2]
        assert sorted(download(model.store.emulator, bucket, name).decode().split()) == model.accessible(use)
