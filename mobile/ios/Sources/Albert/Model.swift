import AlbertC
import Foundation

/// A model file, checked once. May be used from any thread. Pipelines keep what they need of it.
public final class Model: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Maps a model file. It must not change while it is in use; replacing it by renaming a new file is safe.
    public init(file: URL) throws {
        var model: OpaquePointer?
        var error: OpaquePointer?
        try AlbertError.check(withText(file.path) { albert_shared_model_open($0, &model, &error) }, error)
        pointer = model!
    }

    /// A model in a copy of `bytes`.
    public init(bytes: Data) throws {
        var model: OpaquePointer?
        var error: OpaquePointer?
        let status = bytes.withUnsafeBytes { memory in
            albert_shared_model_from_bytes(
                memory.bindMemory(to: UInt8.self).baseAddress, memory.count, &model, &error)
        }
        try AlbertError.check(status, error)
        pointer = model!
    }

    /// `encoder` with the classifier of a head file, which is mapped: labels, tasks and scores are the head's. The models share
    /// their memory.
    public init(_ encoder: Model, head: URL) throws {
        var model: OpaquePointer?
        var error: OpaquePointer?
        let status = withText(head.path) { albert_shared_model_with_head_file(encoder.pointer, $0, &model, &error) }
        try AlbertError.check(status, error)
        pointer = model!
    }

    /// The same with a head file in a copy of `head`.
    public init(_ encoder: Model, head: Data) throws {
        var model: OpaquePointer?
        var error: OpaquePointer?
        let status = head.withUnsafeBytes { memory in
            albert_shared_model_with_head(
                encoder.pointer, memory.bindMemory(to: UInt8.self).baseAddress, memory.count, &model, &error)
        }
        try AlbertError.check(status, error)
        pointer = model!
    }

    deinit {
        albert_shared_model_free(pointer)
    }

    /// Names of the labels: the file's, or LABEL_0 and so on.
    public var labels: [String] {
        var texts: UnsafePointer<albert_text>?
        var count = 0
        _ = albert_shared_model_labels(pointer, &texts, &count)
        return UnsafeBufferPointer(start: texts, count: count).map(string)
    }

    /// Names of the tasks that the model serves; the one that it is made for comes first.
    public var tasks: [String] {
        var texts: UnsafePointer<albert_text>?
        var count = 0
        _ = albert_shared_model_tasks(pointer, &texts, &count)
        return UnsafeBufferPointer(start: texts, count: count).map(string)
    }

    /// Longest input in tokens, special tokens counted.
    public var maxTokens: Int {
        var tokens = 0
        _ = albert_shared_model_max_tokens(pointer, &tokens)
        return tokens
    }

    /// Compares the file's checksum with its bytes; reads every byte.
    public func verifyChecksum() throws {
        var error: OpaquePointer?
        try AlbertError.check(albert_shared_model_verify_checksum(pointer, &error), error)
    }
}
