"""CREATE, DROP, ALTER of tables, views and schemas, read from their syntax trees into plain values."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql import constraints
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.converters import timestamp_microseconds
from emulator.services.bigquery.sql.dialect import OPTIONS
from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.plans import Change, Create, Drop
from emulator.services.bigquery.sql.statements import copied_table
from emulator.services.bigquery.sql.structs import output_name
from emulator.services.bigquery.sql.trees import syntax
from emulator.services.bigquery.sql.types import Field, check_schema, range_element

TYPE_NAMES = {
    "BIGINT": "INTEGER",
    "INT": "INTEGER",
    "SMALLINT": "INTEGER",
    "TINYINT": "INTEGER",
    "TEXT": "STRING",
    "VARCHAR": "STRING",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "DATETIME",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMPTZ": "TIMESTAMP",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    "VARBINARY": "BYTES",
    "BINARY": "BYTES",
    "JSON": "JSON",
    "INTERVAL": "INTERVAL",
    "GEOGRAPHY": "GEOGRAPHY",
}
PARTITION_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
OPTION_NAMES = {  # OPTIONS(...) of GoogleSQL, and the field of the REST resource
    "description": "description",
    "friendly_name": "friendlyName",
    "labels": "labels",
    "location": "location",
    "require_partition_filter": "requirePartitionFilter",
    "default_table_expiration_days": "defaultTableExpirationMs",
    "default_partition_expiration_days": "defaultPartitionExpirationMs",
    "max_time_travel_hours": "maxTimeTravelHours",
    "storage_billing_model": "storageBillingModel",
    "partition_expiration_days": "partitionExpirationMs",
    "expiration_timestamp": "expirationTime",
    "kms_key_name": "kmsKeyName",
    "enable_refresh": "materializedView.enableRefresh",
    "refresh_interval_minutes": "materializedView.refreshIntervalMs",
    "allow_non_incremental_definition": "materializedView.allowNonIncrementalDefinition",
    "max_staleness": "maxStaleness",
}
EXTERNAL_OPTIONS = {  # of CREATE EXTERNAL TABLE, and the field of ExternalDataConfiguration
    "allow_jagged_rows": "csvOptions.allowJaggedRows",
    "allow_quoted_newlines": "csvOptions.allowQuotedNewlines",
    "compression": "compression",
    "date_format": "dateFormat",
    "datetime_format": "datetimeFormat",
    "enable_list_inference": "parquetOptions.enableListInference",
    "enable_logical_types": "avroOptions.useAvroLogicalTypes",
    "encoding": "csvOptions.encoding",
    "enum_as_string": "parquetOptions.enumAsString",
    "field_delimiter": "csvOptions.fieldDelimiter",
    "format": "sourceFormat",
    "hive_partition_uri_prefix": "hivePartitioningOptions.sourceUriPrefix",
    "ignore_unknown_values": "ignoreUnknownValues",
    "max_bad_records": "maxBadRecords",
    "null_marker": "csvOptions.nullMarker",
    "null_markers": "csvOptions.nullMarkers",
    "preserve_ascii_control_characters": "csvOptions.preserveAsciiControlCharacters",
    "quote": "csvOptions.quote",
    "require_hive_partition_filter": "hivePartitioningOptions.requirePartitionFilter",
    "skip_leading_rows": "csvOptions.skipLeadingRows",
    "source_column_match": "csvOptions.sourceColumnMatch",
    "time_format": "timeFormat",
    "time_zone": "timeZone",
    "timestamp_format": "timestampFormat",
    "uris": "sourceUris",
}
TABLE_OPTIONS = ("description", "expiration_timestamp", "friendly_name", "labels")
DAY_MS = 86_400_000
UNIT_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}


def create(tree: exp.Create, defaults: Defaults) -> Create:
    """What a CREATE statement asks for. Raises SqlError."""
    fields: list[Field] = []
    if isinstance(tree.this, exp.Schema):
        typed = not is_view(tree)
        fields = [
            {"name": item.name} if isinstance(item, exp.Identifier) else _column(item, typed=typed)
            for item in tree.this.expressions
            if isinstance(item, exp.ColumnDef if typed else (exp.ColumnDef, exp.Identifier))
        ]
        if typed:
            check_schema(fields)
    keys = constraints.read(tree.this.expressions, defaults) if fields and not is_view(tree) else {}
    source, clone = copied_table(tree), tree.args.get("clone")
    query = tree.args.get("expression")
    if query is not None and isinstance(tree.this, exp.Schema) and is_view(tree):
        _name_columns(query, [item.name for item in tree.this.expressions])
    elif query is not None and not fields:
        _check_names(query, str(tree.args.get("kind")).upper())
    return Create(
        replace=bool(tree.args.get("replace")),
        exists_ok=bool(tree.args.get("exists")),
        fields=tuple(fields),
        query=query.sql("bigquery") if query is not None else "",
        like=source is not None,
        copy=clone is not None,
        cloned=clone is not None and not clone.args.get("copy"),
        body={**_properties(tree.args.get("properties")), **({"tableConstraints": keys} if keys else {})},
    )


def is_view(tree: exp.Create) -> bool:
    """Whether a CREATE statement makes a view."""
    return str(tree.args.get("kind")).upper() == "VIEW"


def _name_columns(query: exp.Expr, names: Sequence[str]) -> None:
    """Give the columns of a view's query the names of the view's column list. Raises SqlError where that cannot be."""
    first = query
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this  # its names are those of all
    items = first.expressions
    if any(item.is_star for item in items):
        return  # named as the query names them
    if len(items) != len(names):
        raise SqlError(f"The column list has {len(names)} columns, the query gives {len(items)}.")
    first.set("expressions", [exp.alias_(item.unalias(), name) for item, name in zip(items, names, strict=True)])


def _check_names(query: exp.Expr, kind: str) -> None:
    """Raise SqlError where a column of what is to be a table or view has no name."""
    first = query
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this  # its names are those of all
    if first.args.get("kind"):  # SELECT AS VALUE, whose names are those of the value
        return
    for place, item in enumerate(first.expressions, 1):
        if not item.is_star and not output_name(item):
            raise SqlError(f"CREATE {kind} columns must be named, but column {place} has no name")


def external(tree: exp.Create) -> Create:
    """What CREATE EXTERNAL TABLE asks for. Raises SqlError for an option that is not emulated."""
    body: dict[str, Any] = {}
    configuration: dict[str, Any] = {}
    properties = tree.args.get("properties")
    for item in properties.expressions if properties is not None else ():
        name = "format" if isinstance(item, exp.FileFormatProperty) else item.this.name.lower()
        value = item.this if isinstance(item, exp.FileFormatProperty) else item.args["value"]
        if name in TABLE_OPTIONS:
            _option(body, name, value)
        elif name in EXTERNAL_OPTIONS:
            part, dot, key = EXTERNAL_OPTIONS[name].rpartition(".")
            (configuration.setdefault(part, {}) if dot else configuration)[key] = _plain(value)
        else:
            raise SqlError(f"The option {name} of external tables is not emulated.")
    fields = columns(tree.this)
    configuration["autodetect"] = not fields
    _hive(tree, configuration)
    body["externalDataConfiguration"] = configuration
    return Create(bool(tree.args.get("replace")), bool(tree.args.get("exists")), fields, body=body)


def _hive(tree: exp.Create, configuration: dict[str, Any]) -> None:
    """Note what WITH PARTITION COLUMNS says: the types of keys, or that they are found out."""
    written = tree.meta["special"].columns
    options = configuration.get("hivePartitioningOptions")
    if written is None and options is None:
        return
    if not written or not written.strip():
        configuration["hivePartitioningOptions"] = {"mode": "AUTO", **(options or {})}
        return
    (made,) = syntax(f"CREATE TABLE t {written}")
    keys = columns(made.this)
    prefix = str((options or {}).get("sourceUriPrefix", "")).rstrip("/")
    custom = "".join(f"/{{{key['name']}:{key['type']}}}" for key in keys)
    configuration["hivePartitioningOptions"] = {**(options or {}), "mode": "CUSTOM", "sourceUriPrefix": prefix + custom}


def columns(node: exp.Expr) -> tuple[Field, ...]:
    """The columns in parentheses after a table's name, if there are any. Raises SqlError."""
    if not isinstance(node, exp.Schema):
        return ()
    fields = [_column(item) for item in node.expressions if isinstance(item, exp.ColumnDef)]
    check_schema(fields)
    return tuple(fields)


def file_options(properties: exp.Expr | None) -> dict[str, Any]:
    """The options of EXPORT DATA or LOAD DATA by their lower-case names. Raises SqlError for what is no plain value."""
    found: dict[str, Any] = {}
    for item in properties.expressions if properties is not None else ():
        if isinstance(item, exp.FileFormatProperty):
            found["format"] = item.this.name
        elif isinstance(item, exp.Property):
            found[item.this.name.lower()] = _plain(item.args["value"])
        else:
            raise SqlError(f"{item.sql('bigquery')} is not emulated.")
    return found


def _plain(value: exp.Expr) -> Any:
    if isinstance(value, exp.Array):
        return [_plain(item) for item in value.expressions]
    if isinstance(value, exp.Boolean):
        return bool(value.this)
    if isinstance(value, exp.Literal):
        return value.name if value.is_string else int(value.name)
    raise SqlError(f"An option takes a literal, not {value.sql('bigquery')}.")


def drop(tree: exp.Drop) -> Drop:
    """What a DROP statement asks for."""
    return Drop(bool(tree.args.get("exists")), bool(tree.args.get("cascade")))


def schema_name(tree: exp.Expr, defaults: Defaults) -> DatasetName:
    """The dataset that CREATE SCHEMA, ALTER SCHEMA or DROP SCHEMA names."""
    node = tree.args["tables"][0] if isinstance(tree, exp.Drop) else tree.this
    parts = ".".join(part.name for part in node.parts).split(".")
    if len(parts) > 2 or not parts[-1]:
        raise SqlError("A schema is named dataset or project.dataset.")
    return DatasetName(parts[0] if len(parts) == 2 else defaults.project, parts[-1])


def changes(tree: exp.Alter, defaults: Defaults) -> list[Change]:
    """The actions of an ALTER TABLE. Raises SqlError for one that is not emulated."""
    return [_change(action, defaults) for action in tree.args.get("actions") or ()]


def _change_of_key(action: exp.Expr, defaults: Defaults) -> Change | None:
    """What is to become of a table's keys; None for other actions."""
    if isinstance(action, exp.AddConstraint):
        return Change("add_keys", options=constraints.read(action.expressions, defaults))
    if isinstance(action, exp.Command) and "PRIMARY KEY" in str(action.expression).upper():
        return Change("drop_primary_key", tolerant="IF EXISTS" in str(action.expression).upper())
    if isinstance(action, exp.Drop) and str(action.args.get("kind")).upper() == "CONSTRAINT":
        return Change("drop_key", action.args["tables"][0].name, tolerant=bool(action.args.get("exists")))
    return None


def _change(action: exp.Expr, defaults: Defaults) -> Change:
    if (change := _change_of_key(action, defaults)) is not None:
        return change
    if isinstance(action, exp.ColumnDef):
        added = _column(action)
        check_schema([added])
        if added.get("mode") == "REQUIRED":
            raise SqlError(f"Cannot add required field {added['name']} to an existing table.")
        if added.get("defaultValueExpression"):
            raise SqlError(
                f"Cannot add column {added['name']} with a default value to an existing table; add it, then use ALTER "
                "COLUMN ... SET DEFAULT."
            )
        return Change("add", added["name"], added, tolerant=bool(action.args.get("exists")))
    if isinstance(action, exp.Drop) and str(action.args.get("kind")).upper() == "COLUMN":
        return Change("drop", action.args["tables"][0].name, tolerant=bool(action.args.get("exists")))
    if isinstance(action, exp.RenameColumn):
        return Change("rename", action.this.name, to=action.args["to"].name, tolerant=bool(action.args.get("exists")))
    if isinstance(action, exp.AlterRename):
        return Change("rename_table", to=action.this.name)
    if isinstance(action, exp.AlterSet):
        options: dict[str, Any] = {}
        for properties in action.expressions:
            options.update(_properties(properties))
        return Change("options", options=options)
    if isinstance(action, exp.AlterColumn) and (change := _change_of_column(action, action.this.name)) is not None:
        return change
    raise SqlError(f"ALTER TABLE ... {action.sql('bigquery')} is not emulated.")


def _change_of_column(action: exp.AlterColumn, name: str) -> Change | None:
    """What ALTER COLUMN asks for; None for what is not emulated."""
    tolerant = bool(action.args.get("exists"))
    if OPTIONS in action.meta:
        return Change("describe", name, _described(name, _properties(action.meta[OPTIONS])), tolerant=tolerant)
    if action.args.get("dtype") is not None:
        return Change("type", name, _typed(name, action.args["dtype"]), tolerant=tolerant)
    if action.args.get("default") is not None:
        default = {"defaultValueExpression": action.args["default"].sql("bigquery")}
        return Change("default", name, default, tolerant=tolerant)
    if action.args.get("drop"):
        return Change("nullable" if action.args.get("allow_null") else "default", name, tolerant=tolerant)
    return None


def _described(name: str, options: dict[str, Any]) -> Field:
    """What the options of a column say. Raises SqlError for others than its description."""
    others = sorted(set(options) - {"description"})
    if others:
        raise SqlError(f"Column {name}: the option {others[0]} is not emulated.")
    return {key: value for key, value in options.items() if value}


def _column(definition: exp.ColumnDef, *, typed: bool = True) -> Field:
    name = definition.name
    kind = definition.args.get("kind")
    column = _typed(name, kind) if typed and kind is not None else {"name": name}
    for constraint in definition.args.get("constraints") or ():
        what = constraint.args.get("kind")
        if isinstance(what, exp.NotNullColumnConstraint):
            column["mode"] = "REQUIRED"
        elif isinstance(what, exp.DefaultColumnConstraint):
            column["defaultValueExpression"] = what.this.sql("bigquery")
        elif isinstance(what, (exp.PrimaryKeyColumnConstraint, exp.Reference)):
            continue  # read with the table's other keys
        elif isinstance(what, exp.Properties):
            options = _properties(what)
            if "description" in options:
                column["description"] = options["description"]
        else:
            raise SqlError(f"Column {name}: {constraint.sql('bigquery')} is not emulated.")
    return column


def _typed(name: str, kind: exp.DataType) -> Field:
    if kind.is_type("array"):
        if not kind.expressions:
            raise SqlError(f"Column {name}: ARRAY needs the type of its elements.")
        return {**_typed(name, kind.expressions[0]), "mode": "REPEATED"}
    if kind.is_type("struct"):
        fields = []
        for child in kind.expressions:
            if not isinstance(child, exp.ColumnDef):
                raise SqlError(f"Column {name}: the fields of a STRUCT need names.")
            fields.append(_column(child))
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": fields}
    written = kind.this.name if isinstance(kind.this, exp.DType) else str(kind.this)
    if written == "RANGE":
        return _range(name, kind)
    if written not in TYPE_NAMES:
        raise SqlError(f"Column {name}: the type {written} is not emulated.")
    column: Field = {"name": name, "type": TYPE_NAMES[written], "mode": "NULLABLE"}
    numbers = [parameter.name for parameter in kind.expressions]
    if numbers and column["type"] in ("NUMERIC", "BIGNUMERIC"):
        column["precision"] = numbers[0]
        if len(numbers) > 1:
            column["scale"] = numbers[1]
    elif numbers and column["type"] in ("STRING", "BYTES"):
        column["maxLength"] = numbers[0]
    return column


def _range(name: str, kind: exp.DataType) -> Field:
    """A column of the type RANGE<T>. Raises SqlError for a T that it cannot be of."""
    element = "".join(_typed(name, inner)["type"] for inner in kind.expressions)
    column = {"name": name, "type": "RANGE", "mode": "NULLABLE", "rangeElementType": {"type": element}}
    range_element(column)
    return column


def _properties(properties: exp.Expr | None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for item in properties.expressions if properties is not None else ():
        if isinstance(item, exp.PartitionedByProperty):
            body.update(_partitioning(item.this))
        elif isinstance(item, exp.ClusterProperty):
            body["clustering"] = {"fields": [column.name for column in item.expressions]}
        elif isinstance(item, exp.LocationProperty):
            body["location"] = item.this.name
        elif type(item) is exp.Property:
            _option(body, item.this.name.lower(), item.args["value"])
        elif not isinstance(item, (exp.LikeProperty, exp.MaterializedProperty)):
            raise SqlError(f"{item.sql('bigquery')} is not emulated.")
    expiration = body.pop("partitionExpirationMs", None)
    if expiration is not None:
        body["timePartitioning"] = {**body.get("timePartitioning", {"type": "DAY"}), "expirationMs": expiration}
    return body


def _option(body: dict[str, Any], name: str, value: exp.Expr) -> None:
    target = OPTION_NAMES.get(name)
    if target is None:
        raise SqlError(f"The option {name} is not emulated.")
    if isinstance(value, exp.Null):
        body[target] = None
    elif target == "labels":
        pairs = [pair.expressions for pair in value.expressions]
        body["labels"] = {key.name: item.name for key, item in pairs}
    elif target.startswith("materializedView."):
        key = target.partition(".")[2]
        shown = str(int(float(value.name) * 60_000)) if key.endswith("Ms") else bool(value.this)
        body.setdefault("materializedView", {})[key] = shown
    elif target == "maxStaleness":
        body[target] = value.sql("bigquery")
    elif target.endswith("Ms"):
        body[target] = str(int(float(value.name) * DAY_MS))
    elif target == "kmsKeyName":
        body["encryptionConfiguration"] = {"kmsKeyName": value.name}
    elif isinstance(value, exp.Boolean):
        body[target] = bool(value.this)
    elif target == "expirationTime":
        body[target] = _expiration(value)
    else:
        body[target] = value.name


def _expiration(value: exp.Expr) -> str:
    """A moment in milliseconds since 1970: a literal, or so long after CURRENT_TIMESTAMP()."""
    try:
        if isinstance(value, exp.Cast) and value.this.is_string:
            return str(timestamp_microseconds(value.this.name) // 1000)
        if isinstance(value, exp.TimestampAdd) and isinstance(value.this, exp.CurrentTimestamp):
            seconds = UNIT_SECONDS[str(value.args["unit"].name).upper()] * int(value.expression.name)
            return str(int((time.time() + seconds) * 1000))
    except (ValueError, KeyError):
        pass
    raise SqlError(
        "expiration_timestamp takes a TIMESTAMP literal or TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL ...), not "
        f"{value.sql('bigquery')}."
    )


def _partitioning(expression: exp.Expr) -> dict[str, Any]:
    if isinstance(expression, exp.RangeBucket):
        series = expression.expression
        step = series.args.get("step")
        bounds = {
            "start": series.args["start"].name,
            "end": series.args["end"].name,
            "interval": step.name if step is not None else "1",
        }
        return {"rangePartitioning": {"field": expression.this.name, "range": bounds}}
    unit = "DAY"
    column = expression
    if isinstance(expression, (exp.DateTrunc, exp.TimestampTrunc, exp.DatetimeTrunc)):
        unit, column = str(expression.args["unit"].name).upper(), expression.this
    elif isinstance(expression, (exp.Date, exp.TsOrDsToDate)):
        column = expression.this
    if unit not in PARTITION_UNITS or not isinstance(column, (exp.Column, exp.Identifier)):
        raise SqlError(f"PARTITION BY {expression.sql('bigquery')} is not emulated.")
    if column.name.upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
        return {"timePartitioning": {"type": unit}}
    return {"timePartitioning": {"type": unit, "field": column.name}}
