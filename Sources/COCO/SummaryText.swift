extension Summary {
  /// What was measured and the number, for a short list.
  package var lines: [(label: String, value: Double)] {
    [
      ("AP  IoU 0.50:0.95, all areas, 100 detections", ap), ("AP  IoU 0.50", ap50), ("AP  IoU 0.75", ap75),
      ("AP  small (below 32x32)", apSmall), ("AP  medium", apMedium), ("AP  large (above 96x96)", apLarge),
      ("AR  1 detection", ar1), ("AR  10 detections", ar10), ("AR  100 detections", ar100),
      ("AR  small", arSmall), ("AR  medium", arMedium), ("AR  large", arLarge),
    ]
  }

  /// The twelve lines that pycocotools prints, to the letter, so that scripts which read those read these.
  package var table: String {
    let rows: [(kind: String, iou: String, area: String, limit: Int, value: Double)] = [
      ("Precision  (AP)", "0.50:0.95", "all", 100, ap), ("Precision  (AP)", "0.50", "all", 100, ap50),
      ("Precision  (AP)", "0.75", "all", 100, ap75), ("Precision  (AP)", "0.50:0.95", "small", 100, apSmall),
      ("Precision  (AP)", "0.50:0.95", "medium", 100, apMedium),
      ("Precision  (AP)", "0.50:0.95", "large", 100, apLarge),
      ("Recall     (AR)", "0.50:0.95", "all", 1, ar1), ("Recall     (AR)", "0.50:0.95", "all", 10, ar10),
      ("Recall     (AR)", "0.50:0.95", "all", 100, ar100),
      ("Recall     (AR)", "0.50:0.95", "small", 100, arSmall),
      ("Recall     (AR)", "0.50:0.95", "medium", 100, arMedium),
      ("Recall     (AR)", "0.50:0.95", "large", 100, arLarge),
    ]
    return rows.map { row in
      let iou = row.iou + spaces(9 - row.iou.count)
      let area = spaces(6 - row.area.count) + row.area
      let limit = spaces(3 - "\(row.limit)".count) + "\(row.limit)"
      return
        " Average \(row.kind) @[ IoU=\(iou) | area=\(area) | maxDets=\(limit) ] = \(threeDecimals(row.value))\n"
    }.joined()
  }
}

private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

/// As printf's `%.3f` for numbers around 1: the decimal next to the exact value, the even one of two as near.
private func threeDecimals(_ value: Double) -> String {
  let product = value.magnitude * 1000
  // What rounding the product lost, exactly.
  let lost = (-product).addingProduct(value.magnitude, 1000)
  var thousandths = product.rounded(.toNearestOrEven)
  if product - product.rounded(.down) == 0.5, lost != 0 {
    thousandths = product.rounded(lost > 0 ? .up : .down)
  }
  let digits = "\(1000 + Int(thousandths) % 1000)".dropFirst()
  return "\(value < 0 ? "-" : "")\(Int(thousandths) / 1000).\(digits)"
}
