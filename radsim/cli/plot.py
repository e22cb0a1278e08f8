"""``radsim plot``: the figures of a finished run or trial."""

from radsim.cli.arguments import ResultFolder
from radsim.cli.messages import say, warn


def plot(folder: ResultFolder) -> None:
    """Draw the figures of a finished run, or of a finished trial, again."""
    from radsim.report.figures.gallery import draw_figures
    from radsim.report.files import result_files, trial_files
    from radsim.report.files.checksums import changed_files
    from radsim.report.files.staging import making

    for listing in (result_files.CHECKSUMS, trial_files.CHECKSUMS):
        for path in changed_files(folder / listing):
            warn(f"{path} is damaged, or was changed: its checksum is not that in {listing}")
    if trial_files.holds_trial(folder):
        for path in trial_files.draw_trial_again(folder):
            say(path)
        if not result_files.is_finished(folder):
            return
    result = result_files.open_result(folder)
    figures = folder / "figures"
    with making(figures):
        figures.mkdir(exist_ok=True)
    for path in draw_figures(result, figures):
        say(path)
