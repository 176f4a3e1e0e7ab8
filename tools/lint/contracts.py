"""Checks that imports point one way, by the contracts in .importlinter.

Test code may import what it likes: modules named x_test and all below a `testing` package. So the
contracts here look at production code alone, and `NoTestCode` keeps test code out of it.
"""

import sys
from configparser import ConfigParser
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, override

from grimp import ImportGraph
from importlinter.application import contract_utils, output
from importlinter.cli import lint_imports_command
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain import fields
from importlinter.domain.contract import Contract, ContractCheck

type Import = tuple[str, str]
"""Importer, imported."""


def is_test_code(module: str) -> bool:
    """Return whether a module, by its dotted name, is a test or serves tests only."""
    parts = module.split(".")
    return "testing" in parts or parts[-1].endswith("_test")


def remove_test_code(graph: ImportGraph) -> None:
    """Remove everything but production code from the graph."""
    for module in filter(is_test_code, list(graph.modules)):
        graph.remove_module(module)


class ProductionLayers(LayersContract):
    """Import-linter's layers, for production code."""

    type_name = "production_layers"

    @override
    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        remove_test_code(graph)
        return super().check(graph, verbose)


class PackageOrder(ProductionLayers):
    """Layers of whole packages, in which every package at the root and in tools/ has its place."""

    type_name = "package_order"

    @override
    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        result = super().check(graph, verbose)
        layers: Any = self.layers
        placed = {tail.name for layer in layers for tail in layer.module_tails}
        inits = [*Path().glob("*/__init__.py"), *Path().glob("tools/*/__init__.py")]
        result.metadata["unplaced"] = sorted({".".join(p.parent.parts) for p in inits} - placed)
        result.kept = result.kept and not result.metadata["unplaced"]
        return result

    @override
    def render_broken_contract(self, check: ContractCheck) -> None:
        for package in check.metadata["unplaced"]:
            output.print_error(f"{package} is not in any layer", bold=False)
        super().render_broken_contract(check)


class ProductionAcyclic(AcyclicSiblingsContract):
    """Import-linter's contract against circles, for production code."""

    type_name = "production_acyclic"

    @override
    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        remove_test_code(graph)
        return super().check(graph, verbose)


class NoTestCode(Contract):
    """Production code imports no test code, so that no image needs any.

    `ignore_imports` works as in import-linter's own contracts.
    """

    type_name = "no_test_code"

    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    @override
    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        expressions: Any = self.ignore_imports
        removed = contract_utils.remove_ignored_imports_and_report(
            graph, expressions, contract_utils.AlertLevel.ERROR
        )
        found: list[Import] = sorted(
            (importer, imported)
            for imported in filter(is_test_code, graph.modules)
            for importer in graph.find_modules_that_directly_import(imported)
            if not is_test_code(importer)
        )
        return ContractCheck(
            kept=not found,
            metadata={"found": found},
            warnings=list(removed.warnings),
            ignored_import_count=removed.ignored_import_count,
        )

    @override
    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports test code: {imported}", bold=False)
        output.new_line()


def with_services(configuration: ConfigParser) -> ConfigParser:
    """Replace `svc_*` by the services of the work tree: in one layer, else one per line."""
    services = sorted(init.parent.name for init in Path().glob("svc_*/__init__.py"))
    for section in configuration.values():
        for option, value in section.items():
            separator = " | " if option == "layers" else "\n"
            section[option] = value.replace("svc_*", separator.join(services))
    return configuration


def main(arguments: list[str]) -> None:
    """Check the contracts of the work tree and exit."""
    configuration = ConfigParser(interpolation=None)
    configuration.read(".importlinter", encoding="utf-8")
    with NamedTemporaryFile("w", suffix=".ini") as file:
        with_services(configuration).write(file)
        file.flush()
        lint_imports_command(["--no-cache", "--no-logo", *arguments, file.name])


if __name__ == "__main__":
    main(sys.argv[1:])
