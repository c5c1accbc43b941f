"""HL7's definitions as published: FHIR in XML, FHIR in JSON, and npm packages of it, all read as one kind of node."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Node = dict[str, list[Any]]
"""An element of FHIR: name of each child to its values in order, which are texts or nodes again."""


def resources(file: Path) -> Iterator[Node]:
    """The resources of a file, those of bundles one by one, each with its type under `resourceType`."""
    if file.suffix == ".xml":
        yield from _xml(file)
    elif file.suffix == ".tgz":
        yield from _package(file)
    else:
        yield from _unbundled(_node(json.loads(file.read_text(encoding="utf-8"))))


def text(node: Node, *path: str) -> str:
    """The first text at a path of names, "" where there is none."""
    for name in path[:-1]:
        node = first(node, name)
    values = node.get(path[-1], [])
    return str(values[0]) if values else ""


def first(node: Node, name: str) -> Node:
    """The first child of a name, an empty node where there is none."""
    found: Node = next(iter(node.get(name, [])), {})
    return found


def _xml(file: Path) -> Iterator[Node]:
    root = ET.parse(file).getroot()  # noqa: S314 (HL7's own files, read by a developer)
    if _name(root) != "Bundle":
        yield {"resourceType": [_name(root)], **_children(root)}
        return
    for each in root.iter("{http://hl7.org/fhir}resource"):
        for resource in each:
            if len(resource):
                yield {"resourceType": [_name(resource)], **_children(resource)}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ET.Element) -> Node:
    node: Node = {"url": [element.attrib["url"]]} if "url" in element.attrib else {}
    for child in element:
        node.setdefault(_name(child), []).append(child.attrib["value"] if "value" in child.attrib else _children(child))
    return node


def _package(file: Path) -> Iterator[Node]:
    with tarfile.open(file) as package:
        for member in package:
            if member.name.startswith("package/") and member.name.count("/") == 1 and member.name.endswith(".json"):
                content = package.extractfile(member)
                assert content
                resource = json.load(content)
                if "resourceType" in resource:
                    yield from _unbundled(_node(resource))


def _unbundled(resource: Node) -> Iterator[Node]:
    if text(resource, "resourceType") != "Bundle":
        yield resource
        return
    for entry in resource.get("entry", []):
        yield from entry.get("resource", [])


def _node(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: [_node(each) for each in (one if isinstance(one, list) else [one])] for name, one in value.items()
        }
    return str(value).lower() if isinstance(value, bool) else str(value)
