"""A search among 10,000 vectors of 384 on one core beside NumPy and FAISS's flat index."""
import os
import statistics
import time

import encoders
from document import RELEASE, lines

COUNT, WIDTH, QUERIES, BEST, ROUNDS = 10_000, 384, 200, 10, 3


def numpy_best(np, vectors, query):
    scores = vectors @ query
    part = np.argpartition(-scores, BEST)[:BEST]
    return part[np.argsort(-scores[part])]


def rows(options):
    # One core for all of them; libraries look at these when they are loaded.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    os.sched_setaffinity(0, {0})
    import faiss
    import numpy as np

    random = np.random.default_rng(0)
    # In clusters, as sentences are.
    centres = random.normal(size=(200, WIDTH))
    near = lambda count: centres[random.integers(0, len(centres), count)] + random.normal(size=(count, WIDTH))
    unit = lambda x: (x / np.linalg.norm(x, axis=1, keepdims=True)).astype("<f4")
    vectors, queries = unit(near(COUNT)), unit(near(QUERIES))
    vectors.tofile(options.folder / "vectors")
    queries.tofile(options.folder / "queries")
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(WIDTH)
    flat.add(vectors)
    bytes_of = {}

    def ours():
        program, files = RELEASE / "examples/flat_search", [options.folder / "vectors", options.folder / "queries"]
        found = lines(program, encoders.encoder(options, "clinc-intents"), *files, WIDTH)
        # Against all scores, sorted.
        recall = statistics.mean(len(set(row["ids"]) & set(row["exact"])) / BEST for row in found)
        assert recall == 1.0, recall
        bytes_of["albert, int8"] = found[0]["bytes"]
        return [row["microseconds"] for row in found], [row["ids"] for row in found]

    def timed(search):
        times, ids = [], []
        for query in queries:
            start = time.perf_counter()
            found = search(query)
            times.append(1e6 * (time.perf_counter() - start))
            ids.append(found.tolist())
        return times, ids

    exact = f"FAISS {faiss.__version__} IndexFlatIP, f32"
    engines = {
        "albert, int8": ours,
        f"NumPy {np.__version__}, f32": lambda: timed(lambda query: numpy_best(np, vectors, query)),
        exact: lambda: timed(lambda query: flat.search(query[None], BEST)[1][0]),
    }
    bytes_of.update({name: vectors.nbytes for name in engines})
    times, answers = {name: [] for name in engines}, {}
    for _ in range(ROUNDS):
        for name, run in engines.items():
            taken, answers[name] = run()
            times[name] += taken
    truth = answers[exact]
    yield "| search | microseconds a query, median | bytes | ten best as in f32 |"
    yield "|---|--:|--:|--:|"
    for name in engines:
        shared = statistics.mean(len(set(a) & set(b)) / BEST for a, b in zip(answers[name], truth))
        yield f"| {name} | {statistics.median(times[name]):.0f} | {bytes_of[name]:,} | {100 * shared:.1f} % |"
