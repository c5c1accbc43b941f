"""Messages of a topic, as they come."""

from collections.abc import Callable

from tests.emulator.console import filling
from tests.emulator.console.conftest import PROJECT, Browser, Site


def test_messages_are_shown_from_when_a_topic_is_watched(site: Site, owner: Browser) -> None:
    topic = filling.topic(site, "watched")
    filling.publish(site, topic, "too early")
    assert "Watch this topic" in owner.read("topic", topic=topic)
    assert owner.post("watch", topic=topic).status_code == 303
    assert "No message yet." in owner.read("topic", topic=topic)
    filling.publish(site, topic, "first")
    filling.publish(site, topic, "second")
    page = owner.read("topic", topic=topic)
    assert "2 messages." in page
    assert page.index("second") < page.index("first")
    assert "too early" not in page
    assert "first" in owner.read("topic", topic=topic), "which stays, though it was pulled before"
    owner.post("unwatch", topic=topic)
    assert "Watch this topic" in owner.read("topic", topic=topic)
    left = site.api("GET", f"/v1/projects/{PROJECT}/subscriptions").json()
    assert not [each for each in left.get("subscriptions", []) if "console-" in each["name"]]


def test_names_in_messages_lead_to_what_they_name(site: Site, owner: Browser) -> None:
    topic = filling.topic(site, "naming")
    owner.post("watch", topic=topic)
    store = f"projects/{PROJECT}/locations/l/datasets/d/dicomStores/s"
    filling.publish(site, topic, f"{store}/dicomWeb/studies/1.2/series/3/instances/4")
    assert "/_emulator/console/study?store=" in owner.get("topic", topic=topic).text


def test_each_principal_watches_for_itself(site: Site, owner: Browser, unique: Callable[[str], str]) -> None:
    topic = filling.topic(site, unique("shared"))
    email = site.account(unique("watcher"))
    site.grant(f"projects/{PROJECT}", "roles/pubsub.editor", email)
    other = site.enter(email)
    owner.post("watch", topic=topic)
    filling.publish(site, topic, "before the other came")
    other.post("watch", topic=topic)
    filling.publish(site, topic, "for both")
    assert "2 messages." in owner.read("topic", topic=topic)
    page = other.read("topic", topic=topic)
    assert "for both" in page
    assert "before the other came" not in page


def test_who_may_not_subscribe_is_told_what_is_missing(site: Site, unique: Callable[[str], str]) -> None:
    topic = filling.topic(site, unique("closed"))
    email = site.account(unique("viewer"))
    site.grant(topic, "roles/pubsub.viewer", email)
    refused = site.enter(email).post("watch", topic=topic)
    assert refused.status_code == 403
    assert "pubsub.subscriptions.create" in refused.text


def test_a_subscription_shows_its_settings(site: Site, owner: Browser) -> None:
    topic = filling.topic(site, "settled")
    name = f"projects/{PROJECT}/subscriptions/taking"
    assert site.api("PUT", f"/v1/{name}", {"topic": topic}).status_code == 200
    assert topic in owner.read("topic", topic=name)
