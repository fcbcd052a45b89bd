"""How much a text is like some letters that somebody types: they have to be in it, in this order."""


def likeness(letters: str, text: str) -> float:
    """0, if they are not, to 1, if it begins with them; of the ways in which they can be found the best counts.

    As Prometheus's search scores: a run of n letters counts n²; what lies before it counts against it by its share of
    the text, what lies behind the last by half of that; all by the square of how many letters there are.
    """
    if text.startswith(letters):
        return 1.0
    best, start = 0.0, text.find(letters[0])
    while start >= 0 and (found := _from(start, letters, text)) is not None:
        best, start = max(best, found), text.find(letters[0], start + 1)
    return best / len(letters) ** 2


def _from(start: int, letters: str, text: str) -> float | None:
    """As they are found one after the other from there on; None if they are not."""
    points, known, end = 0.0, 0, 0
    while known < len(letters):
        start = text.find(letters[known], max(start, end))
        if start < 0:
            return None
        run = 1
        while known + run < len(letters) and text[start + run : start + run + 1] == letters[known + run]:
            run += 1
        points += run * run - (start - end) / len(text)
        known, end = known + run, start + run
    return points - (len(text) - end) / len(text) / 2
