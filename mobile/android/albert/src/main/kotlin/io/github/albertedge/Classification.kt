package io.github.albertedge

import android.content.res.AssetManager
import java.io.FileInputStream
import java.nio.channels.FileChannel

/** Opens a model from the app's assets. It must be stored uncompressed: `androidResources { noCompress += "albert" }`. */
fun AssetManager.openAlbert(name: String, maxTokens: Int = 128): Albert =
    openFd(name).use { descriptor ->
        FileInputStream(descriptor.fileDescriptor).channel.use { channel ->
            Albert(channel.map(FileChannel.MapMode.READ_ONLY, descriptor.startOffset, descriptor.length), maxTokens)
        }
    }

/** The best label of a text. */
fun Albert.label(text: String): Albert.Label = classify(text, 1).first()
