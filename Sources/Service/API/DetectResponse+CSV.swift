import YOLOX

extension DetectResponse {
  /// RFC 4180, a line for each detection. Lists have a column with the image's index; an image with a problem has no lines.
  var csv: String {
    let header = "class_id,label,score,x1,y1,x2,y2"
    var lines = [isList ? "image," + header : header]
    for (index, result) in results.enumerated() {
      guard case .success(let result) = result else { continue }
      for detection in result.detections {
        let row = LabelledDetection(detection, labels: model.labels)
        let label = DetectResponse.quoted(row.label)
        let line =
          "\(row.classID),\(label),\(row.score),\(row.box.x1),\(row.box.y1),\(row.box.x2),\(row.box.y2)"
        lines.append(isList ? "\(index),\(line)" : line)
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    let doubled = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    return "\"\(doubled)\""
  }
}
