"""The command line: ``python -m interp COMMAND``. Bad input of any kind ends with one sentence and exit code
2.

Whatever could keep a result from being written is found out before it is computed; what then fails
nevertheless costs no result, which is printed instead. A result may hold numbers that are not finite, those
of a model that has diverged: in JSON they are ``null``, and in tables it is said in words.
"""

from interp.cli import collecting as collecting
from interp.cli.asking import study_sql
from interp.cli.circuits import certify, circuit, edges
from interp.cli.drawing import puzzles
from interp.cli.explaining.cell import cell
from interp.cli.explaining.planting_heads import planted_head
from interp.cli.explaining.why import why
from interp.cli.explaining.why_training import why_training
from interp.cli.failing import failures
from interp.cli.looking import heads, phenomena
from interp.cli.methods import optimal, rank
from interp.cli.options import Noting
from interp.cli.options import app as app
from interp.cli.pairing import pairs
from interp.cli.planting import planted
from interp.cli.program import main as main
from interp.cli.solving import solve
from interp.cli.studying import studies, study
from interp.cli.sweeping import sweep
from interp.cli.training import convert, evaluate, train

for _command in (
    *(solve, sweep, failures, heads, phenomena, train, evaluate, convert),
    *(puzzles, pairs, edges, circuit, certify, cell, why, optimal, rank),
    studies,
):
    app.command()(_command)
app.command(cls=Noting)(study)
app.command("why-training")(why_training)
app.command("study-sql")(study_sql)
app.command("plant")(planted)
app.command("plant-head")(planted_head)
app.add_typer(collecting.group, name="collections")
