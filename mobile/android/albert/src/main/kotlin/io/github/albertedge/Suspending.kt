package io.github.albertedge

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.suspendCancellableCoroutine

/** [Pipeline.run] on a thread of [dispatcher]. Cancelling the coroutine ends the inference. */
suspend fun <R> Pipeline<R>.await(request: Request, dispatcher: CoroutineDispatcher = Dispatchers.Default): R =
    cancellable(dispatcher) { run(request, it) }

/** The result for a text, as [await] of a [Request]. */
suspend fun <R> Pipeline<R>.await(text: String, dispatcher: CoroutineDispatcher = Dispatchers.Default): R =
    await(Request.text(text), dispatcher)

/** [Pipeline.runAll] on a thread of [dispatcher]. Cancelling the coroutine ends the inferences. */
suspend fun <R> Pipeline<R>.awaitAll(
    requests: Collection<Request>,
    dispatcher: CoroutineDispatcher = Dispatchers.Default
): List<R> = cancellable(dispatcher) { runAll(requests, it) }

/** [Model.fit] on a thread of [dispatcher]. Cancelling the coroutine ends it. */
suspend fun Model.awaitFit(
    examples: Collection<Example>,
    options: FitOptions = FitOptions(),
    dispatcher: CoroutineDispatcher = Dispatchers.Default
): Fitted = cancellable(dispatcher) { fit(examples, options, it) }

private suspend fun <T> cancellable(dispatcher: CoroutineDispatcher, work: (Cancellation) -> T): T {
    val cancellation = Cancellation()
    return suspendCancellableCoroutine { continuation ->
        continuation.invokeOnCancellation { cancellation.cancel() }
        dispatcher.asExecutor().execute { continuation.resumeWith(runCatching { work(cancellation) }) }
    }
}
