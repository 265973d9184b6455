"""Masks whole words with the collator of transformers 4, in the Python that has it.

Arguments: a folder for packages that this Python lacks (torch), the folder of the vocabulary, a JSON file of rows.
For each line on stdin it masks the batch once and prints the seconds of processor time.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

sys.path.append(sys.argv[1])
warnings.simplefilter("ignore")

from transformers import BertTokenizerFast, DataCollatorForWholeWordMask  # noqa: E402

tokenizer = BertTokenizerFast.from_pretrained(sys.argv[2])
collator = DataCollatorForWholeWordMask(tokenizer=tokenizer, mlm_probability=0.15)
rows = json.loads(Path(sys.argv[3]).read_text("utf-8"))
for _ in sys.stdin:
    began = time.process_time()
    collator(rows)
    print(time.process_time() - began, flush=True)
