import AlbertC

/// A call failed. `description` says what went wrong and what to do.
public struct AlbertError: Error, CustomStringConvertible, Sendable {
    /// Whose matter it is.
    public enum Kind: Sendable {
        /// The model file is missing, damaged, of another version, or does not serve the task.
        case model
        /// A request lacks something or has too much of it.
        case input
        /// There is no such option, value, task or kernel set.
        case options
        /// Memory or threads are not to be had.
        case resources
        /// The call was cancelled.
        case cancelled
        /// A fault of the library.
        case fault
    }

    public let kind: Kind
    /// Number of the status, as albert.h lists them.
    public let status: Int32
    /// Which of several requests failed, from 0.
    public let row: Int?
    public let description: String

    /// Throws unless the status is ALBERT_STATUS_OK. Takes the error object over.
    static func check(_ status: Int32, _ error: OpaquePointer? = nil) throws {
        guard status != 0 else { return }
        defer { albert_error_free(error) }
        var row = 0
        let failed = albert_error_row(error, &row)
        let message = error == nil ? albert_status_name(status) : albert_error_message(error)
        throw AlbertError(
            kind: kind(of: status), status: status, row: failed ? row : nil, description: message.map { String(cString: $0) } ?? "")
    }

    /// The numbers are those of albert_status in albert.h, which never change.
    private static func kind(of status: Int32) -> Kind {
        switch status {
        case 7, 200, 505, 506, 507: return .resources
        case 4, 201, 202, 306, 501, 503: return .options
        case 100..<200, 400, 500, 502: return .model
        case 6, 9, 10, 300..<500, 504: return .input
        case 508: return .cancelled
        default: return .fault
        }
    }
}

/// Calls `body` with a text that is valid while it runs.
func withText<Result>(_ text: String, _ body: (albert_text) throws -> Result) rethrows -> Result {
    var text = text
    return try text.withUTF8 { utf8 in
        try utf8.withMemoryRebound(to: CChar.self) { try body(albert_text(start: $0.baseAddress, bytes: $0.count)) }
    }
}

/// A copy of a text of the library.
func string(_ text: albert_text) -> String {
    String(decoding: UnsafeRawBufferPointer(start: text.start, count: text.bytes), as: UTF8.self)
}
