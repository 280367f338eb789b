import io.github.albertedge.AlbertException;
import io.github.albertedge.Cancellation;
import io.github.albertedge.Engine;
import io.github.albertedge.Label;
import io.github.albertedge.Model;
import io.github.albertedge.Options;
import io.github.albertedge.Pipeline;
import io.github.albertedge.Prototypes;
import io.github.albertedge.Request;
import io.github.albertedge.Task;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads, closing, cancelling, errors and the ways to a model. The arguments are a small and a larger model of labels. */
final class Safety {
    private static final int THREADS = 4;

    public static void main(String[] arguments) throws Exception {
        Path small = Path.of(arguments[0]);
        File large = new File(arguments[1]);
        sources(small);
        threads(large);
        closing(large);
        cancelling(large);
        errors(small, large);
        heads(small.resolveSibling("encoder.albert"), small.resolveSibling("encoder.head"), small);
        prototypes(small.resolveSibling("encoder.albert"));
        System.out.println("all checks passed");
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static <E extends Exception> E thrown(Class<E> kind, Callable<?> work) throws Exception {
        Object result;
        try {
            result = work.call();
        } catch (Exception exception) {
            if (kind.isInstance(exception)) {
                return kind.cast(exception);
            }
            throw exception;
        }
        throw new AssertionError("no " + kind.getSimpleName() + " but " + result);
    }

    private static void heads(Path encoder, Path head, Path other) throws Exception {
        Model model;
        try (Model alone = Model.open(encoder.toFile())) {
            check(alone.labels().isEmpty(), "the encoder has no labels");
            model = alone.withHead(Files.readAllBytes(head));
            try (Model mapped = alone.withHead(head.toFile())) {
                check(mapped.labels().equals(model.labels()), "a head from a file and from bytes");
            }
        }
        model.verifyChecksum();
        check(model.labels().size() == 5 && model.labels().get(2).equals("water"), "labels of the head");
        check(once(model).size() == 3, "an answer by the head");
        try (Model wrong = Model.open(other.toFile())) {
            AlbertException.Model error = thrown(AlbertException.Model.class, () -> wrong.withHead(head.toFile()));
            check(error.getMessage().contains("another encoder"), error.getMessage());
            thrown(AlbertException.Model.class, () -> wrong.withHead(new byte[3]));
        }
    }

    private static void prototypes(Path encoder) throws Exception {
        try (Model model = Model.open(encoder.toFile());
                Pipeline<float[]> embed = new Pipeline<>(model, Task.SENTENCE_EMBEDDING);
                Prototypes taught = new Prototypes(2, embed.run(Request.text("a")).length)) {
            float[] river = embed.run(Request.text("the river runs to the sea"));
            float[] anna = embed.run(Request.text("Anna lives in London"));
            check(taught.nearest(river).isEmpty(), "nothing is taught yet");
            taught.add(0, river);
            taught.add(1, anna);
            Prototypes.Nearest nearest = taught.nearest(anna).orElseThrow();
            check(nearest.label() == 1 && nearest.cosine() > 0.9999f, nearest.toString());
            try (Prototypes copy = Prototypes.fromBytes(taught.toBytes())) {
                check(copy.nearest(anna).orElseThrow().equals(nearest), "restored");
                copy.forget(1);
                check(copy.examples(1) == 0 && taught.examples(1) == 1, "forgotten in the copy alone");
            }
            thrown(AlbertException.Input.class, () -> run(() -> taught.add(2, river)));
            thrown(AlbertException.Input.class, () -> run(() -> taught.add(-1, river)));
            thrown(AlbertException.Input.class, () -> run(() -> taught.add(0, new float[river.length])));
            thrown(AlbertException.Options.class, () -> run(() -> taught.add(0, new float[1])));
            byte[] damaged = taught.toBytes();
            damaged[damaged.length - 1] ^= 1;
            thrown(AlbertException.Input.class, () -> Prototypes.fromBytes(damaged));
            thrown(AlbertException.Input.class, () -> Prototypes.fromBytes(new byte[5]));
            thrown(AlbertException.Resources.class, () -> new Prototypes(1L << 40, 1L << 40));
        }
    }

    private static Object run(Runnable work) {
        work.run();
        return null;
    }

    private static List<Label> once(Model model) {
        // Pipelines outlive their model.
        try (model; Pipeline<List<Label>> pipeline = new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options().topK(3))) {
            model.close();
            return pipeline.run("the \"river\"\\\n\t\u0001 runs \uD83C\uDF0A north");
        }
    }

    /** A file, an array and direct buffers, in place and copied, give the same. */
    private static void sources(Path file) throws Exception {
        List<Label> expected = once(Model.open(file.toFile()));
        check(expected.size() == 3, "three labels");
        byte[] bytes = Files.readAllBytes(file);
        check(once(Model.fromBytes(bytes)).equals(expected), "array");
        try (FileChannel channel = FileChannel.open(file)) {
            check(once(Model.fromBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()))).equals(expected), "map");
        }
        for (int start = 0; start < 64; start += 7) {
            ByteBuffer shifted = ByteBuffer.allocateDirect(bytes.length + 64);
            shifted.position(start);
            shifted.put(bytes);
            shifted.flip().position(start);
            Model model = Model.fromBuffer(shifted);
            shifted = null;
            System.gc();
            check(once(model).equals(expected), "buffer at " + start);
        }
        thrown(IllegalArgumentException.class, () -> Model.fromBuffer(ByteBuffer.wrap(bytes)));
        try (Model model = Model.open(file.toFile())) {
            model.verifyChecksum();
            check(model.labels().equals(List.of("bad", "so-so", "good")), "labels " + model.labels());
            check(model.tasks().get(0).equals("text-classification"), "tasks " + model.tasks());
            check(model.maxTokens() > 8, "tokens");
        }
    }

    /** Several threads on one pipeline get what one gets. */
    private static void threads(File file) throws Exception {
        List<Request> requests = new ArrayList<>();
        for (int index = 0; index < 24; index++) {
            requests.add(Request.text("what is my balance of the account number " + index + " today".repeat(index % 5)));
        }
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        try (Model model = Model.open(file);
                Pipeline<List<Label>> pipeline = new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options().topK(5))) {
            List<List<Label>> expected = new ArrayList<>();
            for (Request request : requests) {
                expected.add(pipeline.run(request));
            }
            check(pipeline.runAll(requests).equals(expected), "all at once");
            List<Future<Boolean>> done = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int first = thread * 5;
                done.add(executor.submit(() -> {
                    for (int count = 0; count < requests.size(); count++) {
                        int index = (first + count) % requests.size();
                        if (!pipeline.run(requests.get(index)).equals(expected.get(index))) {
                            return false;
                        }
                    }
                    return pipeline.runAll(requests).equals(expected);
                }));
            }
            for (Future<Boolean> each : done) {
                check(each.get(), "the same labels in every thread");
            }
        } finally {
            executor.shutdown();
        }
    }

    /** Calls that are under way when a pipeline is closed come to their end; later ones are refused. */
    private static void closing(File file) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        try {
            for (int round = 0; round < 5; round++) {
                Model model = Model.open(file);
                Pipeline<List<Label>> pipeline =
                        new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options(), new Engine().threads(1));
                List<Label> expected = pipeline.run("play some jazz");
                CountDownLatch running = new CountDownLatch(THREADS);
                List<Future<Integer>> done = new ArrayList<>();
                for (int thread = 0; thread < THREADS; thread++) {
                    done.add(executor.submit(() -> {
                        for (int runs = 0; ; runs++) {
                            try {
                                check(pipeline.run("play some jazz").equals(expected), "labels while closing");
                            } catch (IllegalStateException closed) {
                                return runs;
                            }
                            if (runs == 0) {
                                running.countDown();
                            }
                        }
                    }));
                }
                running.await();
                model.close();
                pipeline.close();
                pipeline.close();
                for (Future<Integer> each : done) {
                    check(each.get() > 0, "every thread ran");
                }
                check(thrown(IllegalStateException.class, () -> pipeline.run("a")).getMessage().equals("the pipeline is closed"), "message");
                thrown(IllegalStateException.class, () -> new Pipeline<>(model, Task.TEXT_CLASSIFICATION));
            }
        } finally {
            executor.shutdown();
        }
    }

    private static void cancelling(File file) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(1);
        try (Model model = Model.open(file); Pipeline<List<Label>> pipeline = new Pipeline<>(model, Task.TEXT_CLASSIFICATION)) {
            Cancellation before = new Cancellation();
            before.cancel();
            thrown(AlbertException.Cancelled.class, () -> pipeline.run(Request.text("a"), before));
            // Many minutes of work, if nothing ended it.
            List<Request> many = Collections.nCopies(200_000, Request.text("what is my balance"));
            Cancellation during = new Cancellation();
            Future<List<List<Label>>> running = executor.submit(() -> pipeline.runAll(many, during));
            Thread.sleep(300);
            check(!running.isDone(), "still running");
            during.cancel();
            Exception ended = thrown(java.util.concurrent.ExecutionException.class, running::get);
            check(ended.getCause() instanceof AlbertException.Cancelled, "cancelled: " + ended.getCause());
            check(pipeline.run(Request.text("a"), new Cancellation()).size() > 0, "runs afterwards");
        } finally {
            executor.shutdown();
        }
    }

    private static void errors(Path small, File large) throws Exception {
        byte[] bytes = Files.readAllBytes(small);
        AlbertException.Model cut = thrown(
                AlbertException.Model.class, () -> Model.fromBytes(java.util.Arrays.copyOf(bytes, bytes.length - 1)));
        check(cut.status() == 104 && cut.row() == -1, "status " + cut.status());
        String missing = "no such model \u6F22";
        AlbertException.Model absent = thrown(AlbertException.Model.class, () -> Model.open(new File(missing)));
        check(absent.status() == 500 && absent.getMessage().contains(missing), absent.getMessage());
        try (Model model = Model.open(large)) {
            thrown(AlbertException.Model.class, () -> new Pipeline<>(model, Task.QUESTION_ANSWERING));
            thrown(
                    AlbertException.Options.class,
                    () -> new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options().docStride(3)));
            thrown(
                    AlbertException.Options.class,
                    () -> new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options(), new Engine().kernels("none")));
            thrown(
                    AlbertException.Resources.class,
                    () -> new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options(), new Engine().memoryLimit(1)).run("a"));
            // Results do not depend on tiles and groups.
            Engine tiles = new Engine().threads(1).tileRows(4).groupTokens(1);
            try (Pipeline<List<Label>> pipeline = new Pipeline<>(model, Task.TEXT_CLASSIFICATION);
                    Pipeline<List<Label>> other = new Pipeline<>(model, Task.TEXT_CLASSIFICATION, new Options(), tiles)) {
                check(other.run("what is my balance").equals(pipeline.run("what is my balance")), "other tiles");
            }
            thrown(IllegalArgumentException.class, () -> new Engine().tileRows(0));
            thrown(IllegalArgumentException.class, () -> new Engine().groupTokens(-1));
            try (Pipeline<List<Label>> pipeline = new Pipeline<>(
                    model, Task.TEXT_CLASSIFICATION, new Options().topK(1), new Engine().threads(2).patience(2))) {
                Integer layers = pipeline.run("what is my balance").get(0).layers();
                check(layers != null && layers > 0, "layers " + layers);
                List<Request> requests = List.of(Request.text("a"), Request.ids(List.of(2, 1_000_000, 3)));
                AlbertException.Input wrong = thrown(AlbertException.Input.class, () -> pipeline.runAll(requests));
                check(wrong.row() == 1 && wrong.status() == 302, wrong.status() + " in row " + wrong.row());
                thrown(AlbertException.Input.class, () -> pipeline.run(Request.text(null)));
                check(pipeline.runAll(List.of()).isEmpty(), "nothing for nothing");
            }
        }
    }
}
