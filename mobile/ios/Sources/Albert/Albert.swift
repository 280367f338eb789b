import AlbertC
import Foundation

/// Classifies texts with a model file. One thread at a time may use it.
public final class Albert {
    /// What a call of the library came to, and the number that goes with it; `docs/c-api.md` lists both.
    public struct Failure: Error, CustomStringConvertible {
        public let status: Int32
        public let detail: UInt64
        public var description: String { String(cString: albert_status_name(status)) }
    }

    /// A label and its score.
    public struct Label {
        public let name: String
        public let score: Float
    }

    private let memory: [UnsafeMutableRawPointer]
    private let model: OpaquePointer
    private let session: OpaquePointer

    /// - Parameters:
    ///   - file: a model file; its bytes are copied once, to an aligned address.
    ///   - maxTokens: longest input; longer texts are cut.
    public init(file: Data, maxTokens: UInt32 = 128) throws {
        var blocks: [UnsafeMutableRawPointer] = []
        func block(_ bytes: Int) -> UnsafeMutableRawPointer {
            let block = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 64)
            blocks.append(block)
            return block
        }
        do {
            let bytes = block(file.count)
            file.copyBytes(to: bytes.assumingMemoryBound(to: UInt8.self), count: file.count)
            var detail: UInt64 = 0
            var model: OpaquePointer?
            let modelMemory = block(albert_model_bytes())
            try Self.check(
                albert_model_init(
                    modelMemory, albert_model_bytes(), bytes.assumingMemoryBound(to: UInt8.self), file.count, &model, &detail),
                detail)
            var plan = albert_plan(max_tokens: maxTokens, tile_rows: 0, workers: 0)
            var arenaBytes = 0
            try Self.check(albert_arena_bytes(model, &plan, &arenaBytes), 0)
            var session: OpaquePointer?
            let sessionMemory = block(albert_session_bytes())
            let arena = block(arenaBytes).assumingMemoryBound(to: UInt8.self)
            try Self.check(
                albert_session_init(
                    sessionMemory, albert_session_bytes(), model, &plan, arena, arenaBytes, nil, &session, &detail),
                detail)
            guard let model, let session else { throw Failure(status: 5, detail: 0) }
            (self.model, self.session, self.memory) = (model, session, blocks)
        } catch {
            blocks.forEach { $0.deallocate() }
            throw error
        }
    }

    deinit {
        memory.forEach { $0.deallocate() }
    }

    /// The best labels of a text, in descending order of their scores.
    public func classify(_ text: String, topK: Int = 1) throws -> [Label] {
        var detail: UInt64 = 0
        var utf8 = text
        let status = utf8.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { albert_session_start_text(session, $0.baseAddress, $0.count, nil, 0, nil, &detail) }
        }
        try Self.check(status, detail)
        try Self.check(albert_session_finish(session), 0)
        var scores: UnsafePointer<Float>?
        var count = 0
        try Self.check(albert_session_scores(session, &scores, &count), 0)
        let all = Array(UnsafeBufferPointer(start: scores, count: count))
        return all.indices.sorted { all[$0] > all[$1] }.prefix(topK).map { Label(name: name($0), score: all[$0]) }
    }

    private func name(_ index: Int) -> String {
        var text: UnsafePointer<CChar>?
        var bytes = 0
        guard albert_model_label(model, index, &text, &bytes).rawValue == 0, let text else { return "LABEL_\(index)" }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: bytes), as: UTF8.self)
    }

    private static func check(_ status: albert_status, _ detail: UInt64) throws {
        let number = Int32(status.rawValue)
        if number != 0 { throw Failure(status: number, detail: detail) }
    }
}
