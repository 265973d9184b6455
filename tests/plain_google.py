"""Google's published algorithm for pairs and masks, written again from its description, with one stream of randomness.

It is the reference for distributions, with its defects: a chunk of one sentence is always "random next".
"""

from __future__ import annotations


def pairs(documents, max_length, short_seq_prob, random):
    """Yield (document, A, B, label, length of the chunk in sentences); documents are lists of lists of tokens."""
    room = max_length - 3
    for number, document in enumerate(documents):
        target = random.randint(2, room) if random.random() < short_seq_prob else room
        chunk, length, i = [], 0, 0
        while i < len(document):
            chunk.append(document[i])
            length += len(document[i])
            if i == len(document) - 1 or length >= target:
                end = 1 if len(chunk) < 2 else random.randint(1, len(chunk) - 1)
                a = [token for sentence in chunk[:end] for token in sentence]
                label = int(len(chunk) == 1 or random.random() < 0.5)
                if label:
                    b = elsewhere(documents, number, target - len(a), random)
                    i -= len(chunk) - end
                else:
                    b = [token for sentence in chunk[end:] for token in sentence]
                truncate(a, b, room, random)
                yield number, a, b, label, len(chunk)
                chunk, length = [], 0
            i += 1


def elsewhere(documents, number, wanted, random):
    other = number
    while other == number:
        other = random.randint(0, len(documents) - 1)
    document = documents[other]
    b = []
    for sentence in document[random.randint(0, len(document) - 1) :]:
        b += sentence
        if len(b) >= wanted:
            break
    return b


def truncate(a, b, room, random):
    while len(a) + len(b) > room:
        longer = a if len(a) > len(b) else b
        if random.random() < 0.5:
            del longer[0]
        else:
            longer.pop()


def masked(words, n_tokens, rate, most, random):
    """Return the numbers of the chosen words, given the positions of each."""
    budget = min(most, max(1, round(n_tokens * rate)))
    order = list(range(len(words)))
    random.shuffle(order)
    chosen, used = [], 0
    for number in order:
        if used >= budget:
            break
        if used + len(words[number]) > budget:
            continue
        used += len(words[number])
        chosen.append(number)
    return chosen
