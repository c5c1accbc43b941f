"""Terraform's plugin protocol, version 6: its messages, as far as they are used here, and its calls.

The names and numbers of fields are those of the protocol (HashiCorp: terraform, docs/plugin-protocol); the messages are
made of this table when the plugin starts, so that nothing has to be generated.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TABLE: Final = """
Empty
DynamicValue        msgpack:bytes=1 json:bytes=2
Step                attribute_name:string=1 element_key_string:string=2 element_key_int:int64=3
AttributePath       steps:Step*=1
Diagnostic          severity:int32=1 summary:string=2 detail:string=3 attribute:AttributePath=4
Attribute           name:string=1 type:bytes=2 required:bool=4 optional:bool=5 computed:bool=6 sensitive:bool=7
NestedBlock         type_name:string=1 block:Block=2 nesting:int32=3 min_items:int64=4 max_items:int64=5
Block               version:int64=1 attributes:Attribute*=2 block_types:NestedBlock*=3
Schema              version:int64=1 block:Block=2
Named               key:string=1 value:Schema=2
Schemas             provider:Schema=1 resource_schemas:Named*=2 data_source_schemas:Named*=3
RawState            json:bytes=1
Config              config:DynamicValue=1
TypedConfig         type_name:string=1 config:DynamicValue=2
Problems            diagnostics:Diagnostic*=1
Configure           terraform_version:string=1 config:DynamicValue=2
Upgrade             type_name:string=1 version:int64=2 raw_state:RawState=3
State               value:DynamicValue=1 diagnostics:Diagnostic*=2
Read                type_name:string=1 current_state:DynamicValue=2
Plan                type_name:string=1 prior_state:DynamicValue=2 proposed_new_state:DynamicValue=3 \
config:DynamicValue=4
Planned             planned_state:DynamicValue=1 requires_replace:AttributePath*=2 diagnostics:Diagnostic*=4 \
legacy_type_system:bool=5
Apply               type_name:string=1 prior_state:DynamicValue=2 planned_state:DynamicValue=3 config:DynamicValue=4
Applied             new_state:DynamicValue=1 diagnostics:Diagnostic*=3 legacy_type_system:bool=4
Import              type_name:string=1 id:string=2
Imported            type_name:string=1 state:DynamicValue=2
Imports             imported_resources:Imported*=1 diagnostics:Diagnostic*=2
Stopped             error:string=1
"""
CALLS: Final[dict[str, tuple[str, str]]] = {
    "GetProviderSchema": ("Empty", "Schemas"),
    "ValidateProviderConfig": ("Config", "Problems"),
    "ValidateResourceConfig": ("TypedConfig", "Problems"),
    "ValidateDataResourceConfig": ("TypedConfig", "Problems"),
    "UpgradeResourceState": ("Upgrade", "State"),
    "ConfigureProvider": ("Configure", "Problems"),
    "ReadResource": ("Read", "State"),
    "PlanResourceChange": ("Plan", "Planned"),
    "ApplyResourceChange": ("Apply", "Applied"),
    "ImportResourceState": ("Import", "Imports"),
    "ReadDataSource": ("TypedConfig", "State"),
    "StopProvider": ("Empty", "Stopped"),
}
"""The calls that Terraform makes of a provider: what is asked, and what is answered."""
SERVICE: Final = "tfplugin6.Provider"
LIST: Final = 2
"""The nesting of blocks of which there may be many, in an order."""
ERROR: Final = 1
WARNING: Final = 2
_PACKAGE: Final = "emulator.terraform"
_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final[dict[str, Any]] = {
    "bool": _FIELD.TYPE_BOOL,
    "bytes": _FIELD.TYPE_BYTES,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "string": _FIELD.TYPE_STRING,
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="emulator/terraform.proto", package=_PACKAGE, syntax="proto3")
    for line in _TABLE.strip().splitlines():
        name, *fields = line.split()
        message = file.message_type.add(name=name)
        for field in fields:
            _add(message, field)
    return file


def _add(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    """Add a field that is written as name:type=number, with * where there may be many."""
    declared, number = text.split("=")
    name, kind = declared.split(":")
    field = message.field.add(name=name, number=int(number), label=_FIELD.LABEL_OPTIONAL)
    if kind.endswith("*"):
        field.label, kind = _FIELD.LABEL_REPEATED, kind[:-1]
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())
MESSAGES: Final[dict[str, Any]] = {
    name: message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
    for name in (line.split()[0] for line in _TABLE.strip().splitlines())
}
"""The messages' classes by name."""
