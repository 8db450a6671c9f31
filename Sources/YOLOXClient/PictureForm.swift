import Foundation

/// Several pictures as one body (`multipart/form-data`, RFC 7578).
struct PictureForm {
  let contentType: String
  let body: Data

  init(_ images: [Data]) {
    // 122 random bits: that they stand in a picture by chance is not to be feared.
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
