"""Scripts: control statements acted on one by one, each statement of SQL as a child job of the script's.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language and
https://cloud.google.com/bigquery/docs/multi-statement-queries
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import children, procedures, results, statement, values
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.jobs.session import Failure, Frame, Session, default_dataset
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.jobs.transaction import Transaction
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import blocks, scripts
from emulator.services.bigquery.sql.arguments import Argument
from emulator.services.bigquery.sql.blocks import ITERATE, LEAVE, Fragment, Jump, Node
from emulator.services.bigquery.sql.plans import Plan, Script, Variable
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_CALLS = 50  # BigQuery: maximum depth of procedure calls
BATCH = 1000  # rows that FOR reads at a time


async def run(session: Session, nodes: Sequence[Node], parameters: list[dict[str, Any]]) -> None:
    """Run a script. Raises the error of a statement that nothing handles, with its place."""
    runner = Runner(session, parameters)
    try:
        await runner.run(nodes)
    except Failure as failure:
        raise _uncaught(failure) from None
    finally:
        if not session.id:
            await session.roll_back()
        session.job.statistics["numChildJobs"] = str(session.children)
        size = str(session.processed)
        session.job.statistics["totalBytesProcessed"] = size
        session.job.statistics["query"] = {
            "statementType": "SCRIPT",
            "totalBytesProcessed": size,
            "totalBytesBilled": size,
        }
        session.job.payload["result"] = session.last_result


def _uncaught(failure: Failure) -> ApiError:
    proto = errors.to_proto(failure.problem)
    return errors.error(proto["reason"], f"Query error: {proto['message']} at {failure.stack[-1][0]}")


class Runner:
    """Runs the statements of one script. parameters are those of the whole script."""

    def __init__(self, session: Session, parameters: list[dict[str, Any]]) -> None:
        self._session = session
        self._parameters = parameters

    async def run(self, nodes: Sequence[Node]) -> Jump | None:
        """Run statements in turn, up to one that leaves them; gives that one. Raises Failure, and what cancels."""
        for node in nodes:
            self._session.ticket.check()
            jump = await self._node(node)
            if jump is not None:
                return jump
        return None

    async def _node(self, node: Node) -> Jump | None:
        if isinstance(node, Jump):
            return node
        act: Callable[[Any], Awaitable[Jump | None]] = {
            blocks.Statement: self._statement,
            blocks.Declare: self._declare,
            blocks.Assign: self._assign,
            blocks.Branches: self._branches,
            blocks.Loop: self._loop,
            blocks.For: self._for,
            blocks.Block: self._block,
            blocks.Raise: self._raise,
            blocks.Assert: self._assert,
            blocks.Execute: self._execute,
            blocks.Transaction: self._transaction,
            blocks.Call: self._call,
        }[type(node)]  # type: ignore[assignment]
        sql: Fragment | None = getattr(node, "sql", None)
        if sql is None:
            return await act(node)
        try:
            return await act(node)
        except ApiError as problem:
            self._session.ticket.check()
            raise Failure(problem, sql.place, sql.text) from None

    # Statements of SQL
    async def _statement(self, node: blocks.Statement) -> None:
        session = self._session
        if node.kind == "FUNCTION":
            await warehouse.of(session.context).run(scripts.check, node.sql.text, short=True)
            session.functions.append(node.sql.text)
            return
        await self._child(node.sql, self._script(node.sql.text, node.sql.parameters))

    def _script(self, text: str, places: Sequence[int]) -> Script:
        """A statement or expression of the script as the engine takes it."""
        session = self._session
        return Script(
            text,
            session.defaults,
            values.parameters_at(self._parameters, places),
            tuple(session.functions),
            tuple(session.temporary),
            tuple(values.mentioned(session, text)),
        )

    async def _child(self, sql: Fragment, script: Script) -> Job:
        """Run one statement as a child job. Raises its error."""
        session = self._session
        child = await children.start(session, sql, script, "STATEMENT")
        query = Query(session.context, child, session.ticket, script, session)
        try:
            plans = await warehouse.of(session.context).run(scripts.prepare, script, short=True, ticket=session.ticket)
            await statement.run(query, plans[0], last=False)
        except BaseException as problem:
            await children.end(session, child, errors.of(problem) if isinstance(problem, Exception) else None)
            raise
        await children.end(session, child, None)
        self._counted(child, plans[0])
        return child

    def _counted(self, child: Job, plan: Plan) -> None:
        session = self._session
        session.last_job = session.last_result = child.id
        if plan.is_dml:
            session.row_count = int(child.statistics["query"].get("numDmlAffectedRows", 0))
        elif plan.kind == "SELECT":
            session.row_count = None

    # Variables
    async def _value(self, expression: Fragment, into: Variable | None = None) -> Variable:
        """The value of an expression, as a variable takes it. Raises Failure at its place."""
        script = self._script(f"SELECT ({expression.text})", expression.parameters)
        try:
            return await self._evaluated(expression, script, into)
        except ApiError as problem:
            self._session.ticket.check()
            raise Failure(problem, expression.place, expression.text) from None

    async def _evaluated(self, expression: Fragment, script: Script, into: Variable | None) -> Variable:
        session = self._session
        field = {**into.field, "name": into.name} if into else None
        found = await values.evaluate(session, script, field)
        if isinstance(found, Variable):
            return found
        child = await children.start(session, expression, script, "EXPRESSION")
        query = Query(session.context, child, session.ticket, script, session)
        try:
            value = await values.evaluate_with_tables(query, found, field)
        except BaseException as problem:
            await children.end(session, child, errors.of(problem) if isinstance(problem, Exception) else None)
            raise
        await children.end(session, child, None)
        session.last_job = child.id
        return value

    async def _declare(self, node: blocks.Declare) -> None:
        frame = self._session.frame
        for name in node.names:
            known: Variable | None = None
            if node.kind:
                known = Variable(name, await self._field(node.kind))
            value = await self._value(node.default, known) if node.default else None
            if known is None:
                assert value is not None
                known = Variable(name, value.field)
            frame.declare(Variable(name, known.field, value.value if value else None))

    async def _field(self, kind: str) -> Field:
        """The type of a variable, with what STRING(3) and its like limit. Raises SqlError."""
        null = self._script(f"SELECT CAST(NULL AS {kind})", ())
        typed = await values.evaluate(self._session, null, None)
        assert isinstance(typed, Variable)
        if "(" not in kind:
            return typed.field
        limited = await warehouse.of(self._session.context).run(scripts.declared, kind, short=True)
        return {**typed.field, **limited, "name": typed.field["name"]}

    async def _assign(self, node: blocks.Assign) -> None:
        if not node.listed:
            await self._put(node.targets[0], node.value)
            return
        value = await self._value(node.value)
        if len(node.targets) == 1 and not values.is_row(value, 1):
            await values.assign(self._session, node.targets[0], value)
        else:
            await values.spread(self._session, node.targets, value)

    async def _put(self, name: str, expression: Fragment) -> None:
        session = self._session
        if name.startswith("@@"):
            values.set_system(session, name, await self._value(expression))
            return
        value = await self._value(expression, session.frame.variable(name))
        session.frame.put(name, value.value)

    # Control
    async def _holds(self, condition: Fragment) -> bool:
        value = await self._value(condition)
        if value.value is not None and value.field["type"] != "BOOLEAN":
            problem = errors.error("invalidQuery", "The condition of a control statement must be of type BOOL")
            raise Failure(problem, condition.place, condition.text)
        return value.value == {"value": "true"}

    async def _branches(self, node: blocks.Branches) -> Jump | None:
        for condition, body in node.branches:
            if await self._holds(condition):
                return await self.run(body)
        return await self.run(node.otherwise)

    async def _loop(self, node: blocks.Loop) -> Jump | None:
        while node.condition is None or await self._holds(node.condition):
            await asyncio.sleep(0)  # others have their turn, and a cancellation
            self._session.ticket.check()
            jump = await self.run(node.body)
            if _ends(jump, node.label):
                return _beyond(jump, node.label)
            if node.until is not None and await self._holds(node.until):
                return None
        return None

    async def _for(self, node: blocks.For) -> Jump | None:
        session = self._session
        child = await self._child(node.query, self._script(node.query.text, node.query.parameters))
        name = TableName.from_reference(child.configuration["destinationTable"], child.project)
        result = results.find(session.context, name)
        assert result is not None
        field = {"name": node.variable, "type": "RECORD", "fields": list(result.fields)}
        session.frame.scopes.append({})
        try:
            session.frame.declare(Variable(node.variable, field))
            async for row in values.rows(session, result, BATCH):
                session.ticket.check()
                session.frame.put(node.variable, row)
                jump = await self.run(node.body)
                if _ends(jump, node.label):
                    return _beyond(jump, node.label)
        finally:
            session.frame.scopes.pop()
        return None

    async def _block(self, node: blocks.Block) -> Jump | None:
        frame = self._session.frame
        frame.scopes.append({})
        try:
            jump = await self.run(node.body)
        except Failure as failure:
            if node.handler is None:
                raise
            frame.scopes[-1] = {}  # the variables of the block are not visible in its handler
            frame.handled.append(failure)
            try:
                jump = await self.run(node.handler)
            finally:
                frame.handled.pop()
        finally:
            frame.scopes.pop()
        return None if jump is not None and jump.kind == LEAVE and jump.label and _same(jump, node.label) else jump

    async def _assert(self, node: blocks.Assert) -> None:
        if not await self._holds(node.condition):
            raise errors.error("invalidQuery", f"Assertion failed: {node.said}" if node.said else "Assertion failed")

    async def _raise(self, node: blocks.Raise) -> None:
        handled = self._session.frame.handled
        if node.message is not None:
            value = await self._value(node.message)
            raise errors.error("invalidQuery", str((value.value or {}).get("value") or ""))
        if not handled:
            raise errors.error("invalidQuery", "Cannot re-raise an existing exception outside of an exception handler")
        raise handled[-1]

    async def _transaction(self, node: blocks.Transaction) -> None:
        session = self._session
        if node.action == "BEGIN":
            if session.transaction is not None:
                raise errors.error("invalidQuery", "BEGIN TRANSACTION is not allowed in a transaction.")
            session.transaction = Transaction(session.context, session.temporary)
            return
        if session.transaction is None:
            raise errors.error("invalidQuery", f"{node.action} TRANSACTION is only allowed in a transaction.")
        if node.action == "ROLLBACK":
            await session.roll_back()
            return
        transaction, session.transaction = session.transaction, None
        await transaction.commit()

    # Text that becomes a statement
    async def _execute(self, node: blocks.Execute) -> None:
        session = self._session
        text = await self._value(node.text)
        if text.value is None or text.field["type"] != "STRING":
            raise errors.error("invalidQuery", "EXECUTE IMMEDIATE needs a text that is a STRING and not NULL")
        given = [(await self._value(value), alias) for value, alias in node.using]
        sql = str(text.value["value"])
        nodes = await warehouse.of(session.context).run(scripts.outline, sql, short=True)
        if len(nodes) != 1 or not isinstance(nodes[0], blocks.Statement):
            raise errors.error("invalidQuery", "EXECUTE IMMEDIATE takes one statement of SQL, and no control statement")
        if nodes[0].kind == "FUNCTION":
            await self._statement(nodes[0])
            return
        script = Script(
            sql,
            session.defaults,
            [values.parameter(value, alias) for value, alias in given],
            tuple(session.functions),
            tuple(session.temporary),
            tuple(session.system()) if "@@" in sql else (),
        )
        child = await self._child(Fragment(sql, node.sql.place), script)
        if node.into:
            await values.into(session, node.into, child)

    async def _call(self, node: blocks.Call) -> None:
        """Run a procedure in a frame of its own; what it put into OUT and INOUT arguments is the caller's then."""
        session = self._session
        if procedures.is_system(node.procedure):
            own = [await self._value(argument) for argument in node.arguments]
            await procedures.call_system(session, node.procedure, own)
            return
        procedure = procedures.find(session, node.procedure, len(node.arguments))
        if len(session.frames) > MAX_CALLS:
            raise errors.error("invalidQuery", f"Procedures call each other more than {MAX_CALLS} deep.")
        given = zip(procedure.arguments, node.arguments, strict=True)
        declared = [await self._given(argument, value) for argument, value in given]
        nodes = await warehouse.of(session.context).run(scripts.outline, procedure.body, short=True)
        frame = Frame([{variable.name.lower(): variable for variable in declared}])
        defaults, parameters = session.defaults, self._parameters
        session.frames.append(frame)
        session.calls.insert(0, {**children.frame(node.sql), "procedureId": str(procedure.name)})
        session.defaults, self._parameters = default_dataset(session, procedure.name.project, ""), []
        try:
            await self.run(nodes)
        except Failure as failure:
            failure.outer.append((node.sql.place, str(procedure.name)))
            raise
        finally:
            session.frames.pop()
            session.calls.pop(0)
            session.defaults, self._parameters = defaults, parameters
        for argument, value in zip(procedure.arguments, node.arguments, strict=True):
            if argument.mode != "IN":
                await values.assign(session, value.text, frame.variable(argument.name))

    async def _given(self, argument: Argument, value: Fragment) -> Variable:
        """An argument of a procedure as the variable that it is inside."""
        session = self._session
        if argument.mode != "IN":
            session.frame.variable(value.text)  # of OUT and INOUT, the name of a variable
        field = await procedures.field(session, argument.kind) if argument.kind else None
        if argument.mode == "OUT":
            return Variable(argument.name, field or session.frame.variable(value.text).field)
        made = await self._value(value, Variable(argument.name, field) if field else None)
        return Variable(argument.name, field or made.field, made.value)


def _same(jump: Jump, label: str) -> bool:
    return not jump.label or jump.label.lower() == label.lower()


def _ends(jump: Jump | None, label: str) -> bool:
    """Whether a jump out of a loop's body ends the loop."""
    return jump is not None and not (jump.kind == ITERATE and _same(jump, label))


def _beyond(jump: Jump | None, label: str) -> Jump | None:
    """What is left of a jump behind the loop that it ended."""
    return None if jump is None or (jump.kind == LEAVE and _same(jump, label)) else jump
