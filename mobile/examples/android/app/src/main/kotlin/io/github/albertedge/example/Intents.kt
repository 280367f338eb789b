package io.github.albertedge.example

import io.github.albertedge.Engine
import io.github.albertedge.Model
import io.github.albertedge.Options
import io.github.albertedge.Pipeline
import io.github.albertedge.Task
import io.github.albertedge.await

/** What a person wants: the most likely labels of a text. Takes the model over. */
class Intents(private val model: Model) : AutoCloseable {
    // Two threads are fast, and leave cores to the rest of the phone.
    private val classify = Pipeline(model, Task.TEXT_CLASSIFICATION, Options().topK(3), Engine().threads(2))

    /** A line for each label, the best first. Cancelling the coroutine ends the inference. */
    suspend fun lines(text: String): List<String> {
        if (text.isBlank()) return emptyList()
        return classify.await(text).map { "%.1f %%  %s".format(100 * it.score, it.label.replace('_', ' ')) }
    }

    override fun close() {
        classify.close()
        model.close()
    }
}
