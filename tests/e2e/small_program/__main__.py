"""Declares the resources that its configuration lists, so that a test says in one place what it declares.

`small:resources` is a list of {type: "pubsub.Topic", name: logical name, args: {...}, options: {...}}. A value
`{"of": "name.attribute"}` is that output of an earlier resource, `{"secret": value}` a secret, `{"text": "..."}` a
text asset.
"""

from typing import Any

import pulumi
import pulumi_gcp

declared: dict[str, Any] = {}


def resolve(value: Any) -> Any:
    """A value of the configuration as the program passes it on."""
    if isinstance(value, list):
        return [resolve(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"of"}:
        name, attribute = value["of"].split(".")
        return getattr(declared[name], attribute)
    if value.keys() == {"secret"}:
        return pulumi.Output.secret(value["secret"])
    if value.keys() == {"text"}:
        return pulumi.StringAsset(value["text"])
    return {key: resolve(item) for key, item in value.items()}


for entry in pulumi.Config().require_object("resources"):
    module, class_name = entry["type"].split(".")
    options = pulumi.ResourceOptions(**entry.get("options", {}))
    kind = getattr(getattr(pulumi_gcp, module), class_name)
    declared[entry["name"]] = kind(entry["name"], opts=options, **resolve(entry.get("args", {})))
    pulumi.export(entry["name"], declared[entry["name"]].id)
