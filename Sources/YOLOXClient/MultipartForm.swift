import Foundation

/// Several images as one request body (`multipart/form-data`, RFC 7578).
struct MultipartForm {
  let contentType: String
  let body: Data

  init(_ images: [Data]) {
    // 122 random bits, so the boundary does not occur in an image by chance.
    let boundary = UUID().uuidString
    var body = Data()
    for (index, image) in images.enumerated() {
      let head = "Content-Disposition: form-data; name=\"image\"; filename=\"\(index)\""
      body += Data("--\(boundary)\r\n\(head)\r\nContent-Type: application/octet-stream\r\n\r\n".utf8)
      body += image
      body += Data("\r\n".utf8)
    }
    body += Data("--\(boundary)--\r\n".utf8)
    self.body = body
    contentType = "multipart/form-data; boundary=\(boundary)"
  }
}
