import AlbertC
import Foundation

/// A task over a model. May be used from several threads at once; memory for inferences is kept for the next call.
public final class Pipeline<Output>: @unchecked Sendable {
    private let task: TaskKind<Output>
    private let pointer: OpaquePointer

    public init(_ model: Model, _ task: TaskKind<Output>, options: Options = Options(), engine: Engine = Engine()) throws {
        var settings = albert_engine()
        settings.threads = engine.threads
        settings.memory_limit = engine.memoryLimit
        settings.tile_rows = engine.tileRows
        settings.group_tokens = engine.groupTokens
        var pipeline: OpaquePointer?
        var error: OpaquePointer?
        let status = try withText(task.name) { name in
            try withText(json(options)) { options in
                withExtendedLifetime(model) {
                    albert_pipeline_new_json(model.pointer, name, options, &settings, &pipeline, &error)
                }
            }
        }
        try AlbertError.check(status, error)
        (self.task, pointer) = (task, pipeline!)
    }

    deinit {
        albert_pipeline_free(pointer)
    }

    /// The result for a text. Blocks its thread.
    public func run(_ text: String) throws -> Output {
        try run(Request(text))
    }

    /// The result for a request. Blocks its thread.
    public func run(_ request: Request, cancellation: Cancellation = Cancellation()) throws -> Output {
        try results(json([request]), cancellation)[0]
    }

    /// The results for several requests, in their order. They run side by side. Blocks its thread.
    public func runAll(_ requests: [Request], cancellation: Cancellation = Cancellation()) throws -> [Output] {
        try results(json(requests), cancellation)
    }

    /// The result for a request, on another thread. Cancelling the task ends the inference.
    public func result(_ request: Request) async throws -> Output {
        try await elsewhere { try self.run(request, cancellation: $0) }
    }

    /// The results for several requests, on other threads. Cancelling the task ends the inferences.
    public func results(_ requests: [Request]) async throws -> [Output] {
        try await elsewhere { try self.runAll(requests, cancellation: $0) }
    }

    private func results(_ requests: String, _ cancellation: Cancellation) throws -> [Output] {
        var watch = albert_watch(proceed: proceed, context: Unmanaged.passUnretained(cancellation).toOpaque())
        var result: OpaquePointer?
        var error: OpaquePointer?
        let status = withExtendedLifetime((self, cancellation)) {
            withText(requests) { albert_pipeline_run_json(pointer, $0, &watch, &result, &error) }
        }
        try AlbertError.check(status, error)
        defer { albert_result_free(result) }
        return (0..<albert_result_rows(result)).map { task.read(Row(result: result!, row: $0)) }
    }
}

/// Ends calls from another thread: within a step of an inference, some hundred microseconds of work.
public final class Cancellation: @unchecked Sendable {
    private let lock = NSLock()
    private var cancelled = false

    public init() {}

    /// Ends the calls that were given this object, and those that will be, with an error of the kind `cancelled`.
    public func cancel() {
        lock.lock()
        defer { lock.unlock() }
        cancelled = true
    }

    var isCancelled: Bool {
        lock.lock()
        defer { lock.unlock() }
        return cancelled
    }
}

/// Does work on another thread. Cancelling the task ends it.
func elsewhere<Result>(_ work: @escaping @Sendable (Cancellation) throws -> Result) async throws -> Result {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(with: Swift.Result { try work(cancellation) })
            }
        }
    } onCancel: {
        cancellation.cancel()
    }
}

/// Called by the library, from several threads.
func proceed(_ context: UnsafeMutableRawPointer?, _ event: UInt32, _ rows: Int) -> Bool {
    context.map { !Unmanaged<Cancellation>.fromOpaque($0).takeUnretainedValue().isCancelled } ?? true
}
