package io.github.albertedge.example

import android.app.Activity
import android.os.Bundle
import android.text.Editable
import android.text.TextWatcher
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import io.github.albertedge.AlbertException
import io.github.albertedge.openModel
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** A field to type in, and the labels below it. */
class MainActivity : Activity() {
    private val scope = MainScope()
    private lateinit var intents: Intents
    private lateinit var answer: TextView
    private var running: Job? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        intents = Intents(assets.openModel("clinc-intents-int8.albert"))
        answer = TextView(this)
        val question = EditText(this)
        question.setHint("wake me up at six")
        question.addTextChangedListener(object : TextWatcher {
            override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) = Unit

            override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) = show(text.toString())

            override fun afterTextChanged(text: Editable) = Unit
        })
        val column = LinearLayout(this)
        column.setOrientation(LinearLayout.VERTICAL)
        column.setFitsSystemWindows(true)
        column.addView(question)
        column.addView(answer)
        setContentView(column)
    }

    /** The text has changed: what is computed for the one before is of no use. */
    private fun show(text: String) {
        running?.cancel()
        running = scope.launch {
            val lines = try {
                intents.lines(text)
            } catch (error: AlbertException) {
                listOf(error.message.orEmpty())
            }
            answer.setText(lines.joinToString("\n"))
        }
    }

    override fun onDestroy() {
        scope.cancel()
        intents.close()
        super.onDestroy()
    }
}
