"""``radsim plot``: the figures of a finished run."""

from radsim.cli.arguments import ResultFolder


def plot(folder: ResultFolder) -> None:
    """Draw the figures of a finished run again."""
    from radsim.report.figures.gallery import draw_figures
    from radsim.report.files.result_files import open_result

    result = open_result(folder)
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    for path in draw_figures(result, figures):
        print(path)
