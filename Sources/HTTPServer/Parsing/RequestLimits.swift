/// The maximum size of each part of a request, in bytes unless stated otherwise.
package struct RequestLimits: Sendable {
  package var requestLine = 8 << 10
  /// All header fields together.
  package var fields = 32 << 10
  /// Number of header fields.
  package var fieldCount = 100
  package var body = 20 << 20

  package init() {}
}
