package io.github.albertedge

import android.content.res.AssetManager
import java.io.FileInputStream
import java.nio.channels.FileChannel

/**
 * Maps a model in the app's assets. It must be stored uncompressed: `androidResources { noCompress += "albert" }`. It is used in
 * place when it lies at a multiple of 64 bytes in the APK, and copied once otherwise.
 */
fun AssetManager.openModel(name: String): Model =
    openFd(name).use { descriptor ->
        FileInputStream(descriptor.fileDescriptor).channel.use { channel ->
            Model.fromBuffer(channel.map(FileChannel.MapMode.READ_ONLY, descriptor.startOffset, descriptor.length))
        }
    }
