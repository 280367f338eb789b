import AlbertC
import Foundation

/// Labels that are taught while the program runs, by a few examples each: a text has the label whose examples' embeddings have the
/// nearest mean. May be used from any thread.
public final class Prototypes: @unchecked Sendable {
    /// A label and the cosine, from -1 to 1, between the embedding and the mean of the label's examples.
    public struct Nearest: Sendable {
        public let label: Int
        public let cosine: Float
    }

    /// Magic, labels, width and checksum, four bytes each.
    private static let header = 16

    private let lock = NSLock()
    private let handle: UnsafeMutableRawPointer
    private let means: UnsafeMutablePointer<UInt8>
    private let pointer: OpaquePointer

    /// Prototypes of up to `labels` labels, numbers from 0, over embeddings of `width` elements; they know nothing yet.
    public convenience init(labels: Int, width: Int) throws {
        try self.init(labels: labels, width: width, stored: nil)
    }

    /// What `data` gave, here or on another device.
    public convenience init(data: Data) throws {
        let bytes = [UInt8](data)
        func word(_ at: Int) -> Int {
            bytes.count < Self.header ? 0 : (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        }
        try self.init(labels: word(4), width: word(8), stored: bytes)
    }

    private init(labels: Int, width: Int, stored: [UInt8]?) throws {
        let needed = labels < 0 || width < 0 ? UInt.max : albert_prototypes_memory_bytes(UInt(labels), UInt(width))
        // Statuses for too much memory, and for stored bytes that are others.
        try AlbertError.check(needed > UInt(Int32.max) ? 506 : stored.map { UInt($0.count) == needed ? 0 : 9 } ?? 0)
        handle = .allocate(byteCount: Int(ALBERT_PROTOTYPES_BYTES), alignment: Int(ALBERT_HANDLE_ALIGN))
        means = .allocate(capacity: Int(needed))
        if let stored { means.update(from: stored, count: stored.count) }
        var made: OpaquePointer?
        let make = stored == nil ? albert_prototypes_init : albert_prototypes_restore
        let status = make(
            handle, UInt(ALBERT_PROTOTYPES_BYTES), means, needed, UInt(labels), UInt(width), &made, nil)
        guard status == 0 else {
            handle.deallocate()
            means.deallocate()
            try AlbertError.check(status)
            fatalError("a status that is not OK throws")
        }
        pointer = made!
    }

    deinit {
        handle.deallocate()
        means.deallocate()
    }

    /// The bytes to keep.
    public var data: Data {
        lock.withLock {
            var bytes: UnsafePointer<UInt8>?
            var count: UInt = 0
            _ = albert_prototypes_store(pointer, &bytes, &count)
            return Data(bytes: bytes!, count: Int(count))
        }
    }

    /// Teaches a label one more example.
    public func add(_ label: Int, _ embedding: [Float]) throws {
        try AlbertError.check(
            lock.withLock { albert_prototypes_add(pointer, UInt(label), embedding, UInt(embedding.count)) })
    }

    /// Forgets all examples of a label.
    public func forget(_ label: Int) throws {
        try AlbertError.check(lock.withLock { albert_prototypes_forget(pointer, UInt(label)) })
    }

    /// Examples that a label was taught with.
    public func examples(_ label: Int) -> Int {
        lock.withLock {
            var examples: UInt32 = 0
            _ = albert_prototypes_examples(pointer, UInt(label), &examples)
            return Int(examples)
        }
    }

    /// The label whose mean is nearest, the first of equals; nil when no label has been taught.
    public func nearest(_ embedding: [Float]) throws -> Nearest? {
        var label: UInt = 0
        var cosine: Float = 0
        let status = lock.withLock {
            albert_prototypes_nearest(pointer, embedding, UInt(embedding.count), &label, &cosine)
        }
        if status == 5 { return nil }
        try AlbertError.check(status)
        return Nearest(label: Int(label), cosine: cosine)
    }
}
