import HTTPTypes

package struct Response: Sendable {
  package var status: HTTPResponse.Status
  package var fields: HTTPFields
  package var body: [UInt8]
  /// Not sent.
  package var logFields = AccessLogFields()
  /// The memory of a large body, kept until it is written.
  package var memory: MemoryBudget.Reservation?

  package init(_ status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  package init(_ status: HTTPResponse.Status, contentType: String, _ text: String) {
    self.init(status, fields: [.contentType: contentType], body: Array(text.utf8))
  }
}
