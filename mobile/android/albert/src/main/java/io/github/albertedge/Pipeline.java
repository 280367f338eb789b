package io.github.albertedge;

import java.util.Collection;
import java.util.List;

/**
 * A task over a model. All methods may be called from several threads at once; memory for inferences is kept for the next call.
 *
 * @param <R> what a request gets
 */
public final class Pipeline<R> implements AutoCloseable {
    private final Task<R> task;
    private final Handle handle;

    /** A task with all options as it has them, on all cores. */
    public Pipeline(Model model, Task<R> task) {
        this(model, task, new Options(), new Engine());
    }

    /** A task with options, on all cores. */
    public Pipeline(Model model, Task<R> task, Options options) {
        this(model, task, options, new Engine());
    }

    /**
     * A task.
     *
     * @throws AlbertException.Model when the model does not serve the task
     * @throws AlbertException.Options when the task does not have an option, or not with that value
     */
    public Pipeline(Model model, Task<R> task, Options options, Engine engine) {
        this.task = task;
        byte[] name = NativeAlbert.utf8(task.toString());
        byte[] json = NativeAlbert.utf8(options.toString());
        long address = model.handle().use(of -> engine.newPipeline(of, name, json));
        handle = new Handle("pipeline", address, NativeAlbert::freePipeline);
    }

    /** The result for a text. */
    public R run(String text) {
        return run(Request.text(text), null);
    }

    /** The result for a request. */
    public R run(Request request) {
        return run(request, null);
    }

    /**
     * The result for a request.
     *
     * @param cancellation ends the call; null for none
     * @throws AlbertException.Input when the request lacks something or has too much of it
     * @throws AlbertException.Cancelled when it was cancelled
     * @throws IllegalStateException when the pipeline is closed
     */
    public R run(Request request, Cancellation cancellation) {
        return results(request.toString(), cancellation).get(0);
    }

    /** The results for several requests, in their order. They run side by side. */
    public List<R> runAll(Collection<Request> requests) {
        return runAll(requests, null);
    }

    /**
     * The results for several requests, in their order. They run side by side.
     *
     * @param cancellation ends the call; null for none
     * @throws AlbertException.Input when a request lacks something or has too much of it; its row tells which
     * @throws AlbertException.Cancelled when it was cancelled
     * @throws IllegalStateException when the pipeline is closed
     */
    public List<R> runAll(Collection<Request> requests, Cancellation cancellation) {
        return results(Json.array(requests), cancellation);
    }

    private List<R> results(String requests, Cancellation cancellation) {
        byte[] json = NativeAlbert.utf8(requests);
        Packed packed = new Packed(
                handle.use(of -> NativeAlbert.run(of, json, cancellation == null ? null : cancellation.flag)));
        return packed.list(() -> task.read(packed.row()));
    }

    /** Frees the pipeline when no call uses it any more. Does not wait: calls that are under way come to their end. */
    @Override
    public void close() {
        handle.close();
    }
}
