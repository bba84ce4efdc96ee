"""curate show, diff."""

from typing import Annotated

import typer

from curate.commands.saying import fail


def show(
    directory: Annotated[str, typer.Argument(help="The directory of a run, finished or stopped.")],
    rule: Annotated[str, typer.Option(help="Only what this rule (or STAGE:RULE) removed, or this reason.")] = "",
    stage: Annotated[str, typer.Option(help="Only what this stage removed.")] = "",
    number: Annotated[int, typer.Option("-n", "--n", min=1, help="How many documents to show.")] = 20,
    diff: Annotated[bool, typer.Option("--diff", help="Show what rewriters changed, with the change marked.")] = False,
    id: Annotated[str, typer.Option("--id", help="Show one document's whole way, stage by stage, with values.")] = "",
) -> None:
    """Show what a run removed, or with --diff what its rewriters changed.

    Documents are shown by rule, those nearest the threshold first, with value, limit and text. Texts are made again
    from the input; personal data in them is replaced.
    """
    from curate import console
    from curate.rundir import UsageError
    from curate.showing import lines
    from curate.showing.changed import changed
    from curate.showing.directory import find
    from curate.showing.removed import removed
    from curate.showing.story import story
    from filters.chain import close_all

    try:
        output = find(directory)
        told = story(output, id, diff) if id else (changed if diff else removed)(output, rule, stage, number)
    except UsageError as error:
        fail(str(error))
    finally:
        close_all()
    lines.show(told, console.out)


def diff(
    a: Annotated[str, typer.Argument(metavar="DIRECTORY_A", help="The directory of a run.")],
    b: Annotated[str, typer.Argument(metavar="DIRECTORY_B", help="That of another run over the same input.")],
    number: Annotated[int, typer.Option("-n", "--n", min=0, help="How many examples of each difference to show.")] = 3,
) -> None:
    """Show what two runs keep differently: counts that add up, by the rule that made the difference, with examples."""
    from curate import console
    from curate.rundir import UsageError
    from curate.showing import lines
    from curate.showing.difference import difference
    from curate.showing.directory import find
    from filters.chain import close_all

    try:
        told = difference(find(a), find(b), number)
    except UsageError as error:
        fail(str(error))
    finally:
        close_all()
    lines.show(told, console.out)
