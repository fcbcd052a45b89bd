"""`otelier validate`: is the configuration sound, and what will it do?"""

from typing import Any

import click

from ..component import SystemClock
from ..pipeline.custody import CustodyPoint, custody_points
from ..pipeline.graph import Graph, Pipeline, build
from ..pipeline.plan import Declared, Plan
from .output import json_option, print_json
from .sources import config_options, load_plan


@click.command()
@config_options
@click.option("--explain", is_flag=True, help="Tell of each OTTL statement and condition whether it runs natively.")
@json_option
def command(
    config: tuple[str, ...], sets: tuple[str, ...], feature_gates: tuple[str, ...], explain: bool, as_json: bool
) -> None:
    """Check a configuration without starting anything; print each problem as file:line:column, or a summary."""
    plan = load_plan(config, sets, feature_gates)
    summary = _summary(plan, build(plan, SystemClock()), explain)
    if as_json:
        print_json(summary)
    else:
        _print(summary)


def _summary(plan: Plan, graph: Graph, explain: bool) -> dict[str, Any]:
    return {
        "pipelines": [_pipeline(graph, pipeline, explain) for pipeline in graph.pipelines],
        "extensions": _ids(plan.extensions),
        "unused": [str(declared) for declared in plan.unused],
        "warnings": [str(warning) for warning in plan.warnings],
        "remarks": [str(remark) for remark in plan.remarks],
        "spellings": [_spelling(declared) for declared in plan.components if _spelling(declared)],
    }


def _pipeline(graph: Graph, pipeline: Pipeline, explain: bool) -> dict[str, Any]:
    explained = {"explained": _explained(pipeline)} if explain else {}
    return {
        "id": str(pipeline.id),
        "receivers": _ids(pipeline.plan.receivers),
        "processors": _ids(pipeline.plan.processors),
        "exporters": _ids(pipeline.plan.exporters),
        "custody": [_custody(point) for point in custody_points(graph, pipeline)],
        **explained,
    }


def _explained(pipeline: Pipeline) -> list[dict[str, str]]:
    return [
        {"component": str(node.id), "part": part, "runs": how}
        for node in (*pipeline.processors, *pipeline.exporters)
        for part, how in node.component.explain()
    ]


def _custody(point: CustodyPoint) -> dict[str, Any]:
    return {"path": list(point.path), "with": str(point), "a kill loses": list(point.loss_windows)}


def _ids(declared: tuple[Declared, ...]) -> list[str]:
    return [str(each.id) for each in declared]


def _spelling(declared: Declared) -> str:
    """Types have two spellings in the Collector's versions; both are taken."""
    registration = declared.registration
    if declared.id.type == registration.type:
        return ""
    return f"{declared.kind} `{declared.id}` is read as `{registration.type}`: two spellings of one type"


def _print(summary: dict[str, Any]) -> None:
    click.secho("The configuration is sound.", fg="green")
    for pipeline in summary["pipelines"]:
        chain = [_together(pipeline["receivers"]), *pipeline["processors"], _together(pipeline["exporters"])]
        click.echo(f"\n{click.style(pipeline['id'], bold=True)}: {' → '.join(chain)}")
        for point in pipeline["custody"]:
            way = f" on the way to {point['path'][-1]}" if len(pipeline["custody"]) > 1 else ""
            click.echo(f"  custody{way}: {point['with']}")
            losses = point["a kill loses"] or ["nothing that was acknowledged"]
            click.echo("  a kill -9 loses:" + (f" {losses[0]}" if len(losses) == 1 else ""))
            for line in losses[1:] and losses:
                click.echo(f"    {line}")
        for line in pipeline.get("explained", ()):
            click.echo(f"  {line['component']}: {line['part']}\n    {line['runs']}")
    click.echo()
    if summary["extensions"]:
        click.echo(f"extensions: {', '.join(summary['extensions'])}")
    if summary["unused"]:
        click.echo(f"defined but not used, so not started: {', '.join(summary['unused'])}")
    for line in summary["spellings"]:
        click.echo(f"note: {line}")
    for line in summary["warnings"]:
        click.secho(f"warning: {line}", fg="yellow")
    for line in summary["remarks"]:
        click.echo(f"remark: {line}")


def _together(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"[{', '.join(ids)}]"
