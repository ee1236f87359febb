"""Every small error that can be put into a module: a comparison flipped, a statement removed, ...

Left as they are: docstrings and other texts, type hints, decorators, imports, assertions, and what
an error says. Removed are only statements without which the module still makes sense: not the one
assignment of a name, nor the last `return` of a function, whose absence any call would notice.
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
ARITHMETIC: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.FloorDiv, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.LShift: [ast.RShift],
    ast.RShift: [ast.LShift],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.BitXor: [ast.BitAnd],
}
OPPOSITES = {
    "min": "max",
    "minimum": "maximum",
    "any": "all",
    "floor": "ceil",
    "cumsum": "cumprod",
}
OPPOSITES |= {other: name for name, other in OPPOSITES.items()}
REMOVABLE = (ast.Assign, ast.AugAssign, ast.Return, ast.Continue, ast.Break, ast.Delete, ast.Expr)

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Mutant:
    """One error: the bytes of a module from `start` to `stop` become `text`."""

    module: str
    line: int
    operator: str
    start: int
    stop: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The module with the error in it."""
        return source[: self.start] + self.text.encode() + source[self.stop :]


def mutants(module: str, source: bytes) -> list[Mutant]:
    """Every mutant of a module that is valid Python, in the order of the source."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, operator, text in _Finder().found_in(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        stop = starts[node.end_lineno - 1] + node.end_col_offset
        mutant = Mutant(module, node.lineno, operator, start, stop, text)
        if _is_valid(mutant.applied(source)):
            found.append(mutant)
    return sorted(found, key=lambda mutant: (mutant.start, mutant.stop, mutant.text))


def _is_valid(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _changed(node: Node, change: Callable[[Node], None]) -> str:
    """Source of an expression after a change, in parentheses: precedence stays as it was."""
    other = copy.deepcopy(node)
    change(other)
    return f"({ast.unparse(other)})"


class _Finder(ast.NodeVisitor):
    """Collects (node, name of the operator, text in place of the node)."""

    def __init__(self) -> None:
        self.found: list[tuple[Any, str, str]] = []
        self.needed: set[ast.AST] = set()  # statements that are not removed

    def found_in(self, tree: ast.Module) -> Iterator[tuple[Any, str, str]]:
        self.needed |= _only_assignments(tree)
        self.visit(tree)
        yield from self.found

    def add(self, node: ast.AST, operator: str, text: str) -> None:
        self.found.append((node, operator, text))

    # ------------------------------------------------------------ left as they are

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.needed |= _only_assignments(node)
        if isinstance(node.body[-1], ast.Return):
            self.needed.add(node.body[-1])
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_keyword(self, node: ast.keyword) -> None:
        """`strict=True` is an assertion."""
        if node.arg != "strict":
            self.visit(node.value)

    def leave(self, node: ast.AST) -> None:
        """Nothing in it is changed."""

    visit_Raise = visit_Assert = visit_JoinedStr = leave  # noqa: N815
    visit_Import = visit_ImportFrom = leave  # noqa: N815

    # ------------------------------------------------------------ statements

    def visit(self, node: ast.AST) -> None:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, REMOVABLE) and not is_text and node not in self.needed:
            self.add(node, "statement removed", "pass")
        super().visit(node)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        for other in ARITHMETIC.get(type(node.op), []):
            text = ast.unparse(ast.AugAssign(node.target, other(), node.value))
            self.add(node, "arithmetic", text)
        self.visit(node.value)

    # ------------------------------------------------------------ expressions

    def negate(self, test: ast.expr) -> None:
        self.add(test, "condition negated", f"(not ({ast.unparse(test)}))")

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.negate(test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for position, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:

                def flip(copied: ast.Compare, n: int = position, to: Any = other) -> None:
                    copied.ops[n] = to()

                self.add(node, "comparison", _changed(node, flip))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        texts = [isinstance(s, ast.JoinedStr) or _is_text(s) for s in (node.left, node.right)]
        for other in [] if any(texts) else ARITHMETIC.get(type(node.op), []):

            def swap(copied: ast.BinOp, to: Any = other) -> None:
                copied.op = to()

            self.add(node, "arithmetic", _changed(node, swap))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        def swap(copied: ast.BoolOp) -> None:
            copied.op = ast.Or() if isinstance(copied.op, ast.And) else ast.And()

        self.add(node, "and, or", _changed(node, swap))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self.add(node, "sign or not removed", f"({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, "constant", str(not node.value))
        elif isinstance(node.value, int | float):
            for other in (node.value + 1, node.value - 1):
                self.add(node, "constant", f"({other!r})")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func
        if isinstance(name, ast.Name) and name.id in OPPOSITES:
            self.add(name, "min, max", OPPOSITES[name.id])
        if isinstance(name, ast.Attribute) and name.attr in OPPOSITES:
            self.add(name, "min, max", f"{ast.unparse(name.value)}.{OPPOSITES[name.attr]}")
        if isinstance(name, ast.Name) and name.id == "range":
            self.shift_range(node)
        self.generic_visit(node)

    def shift_range(self, node: ast.Call) -> None:
        for position in range(min(len(node.args), 2)):
            for sign in ("+", "-"):

                def shift(copied: ast.Call, n: int = position, by: str = sign) -> None:
                    text = f"({ast.unparse(copied.args[n])}) {by} 1"
                    copied.args[n] = ast.parse(text, mode="eval").body

                self.add(node, "range off by one", _changed(node, shift))

    def visit_Slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper):
            if bound is not None:
                for sign in ("+", "-"):
                    self.add(bound, "slice off by one", f"({ast.unparse(bound)}) {sign} 1")
        self.generic_visit(node)


def _only_assignments(scope: ast.AST) -> set[ast.AST]:
    """Assignments to a plain name that is assigned nowhere else in a function or module."""
    stores = Counter(
        node.id
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    stores.update(node.arg for node in ast.walk(scope) if isinstance(node, ast.arg))
    return {
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and all(
            isinstance(name, ast.Name) and stores[name.id] == 1
            for target in node.targets
            for name in (target.elts if isinstance(target, ast.Tuple) else [target])
        )
    }


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
