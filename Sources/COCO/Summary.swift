/// COCO's twelve metrics and those of each class; -1 where no objects count (cocoeval.py, summarize).
package struct Summary: Encodable, Sendable {
  package let ap: Double
  package let ap50: Double
  package let ap75: Double
  package let apSmall: Double
  package let apMedium: Double
  package let apLarge: Double
  package let ar1: Double
  package let ar10: Double
  package let ar100: Double
  package let arSmall: Double
  package let arMedium: Double
  package let arLarge: Double
  /// By class index.
  package let perClass: [Class]

  package struct Class: Encodable, Sendable {
    package let name: String
    package let ap: Double
    package let ap50: Double
    package let ar100: Double
    /// Number of objects without crowds.
    package let objectCount: Int

    enum CodingKeys: String, CodingKey {
      case name
      case ap = "AP"
      case ap50 = "AP50"
      case ar100 = "AR100"
      case objectCount = "objects"
    }
  }

  enum CodingKeys: String, CodingKey {
    case ap = "AP"
    case ap50 = "AP50"
    case ap75 = "AP75"
    case apSmall = "AP_small"
    case apMedium = "AP_medium"
    case apLarge = "AP_large"
    case ar1 = "AR1"
    case ar10 = "AR10"
    case ar100 = "AR100"
    case arSmall = "AR_small"
    case arMedium = "AR_medium"
    case arLarge = "AR_large"
    case perClass = "per_class"
  }

  package init(_ accumulation: PrecisionRecall) {
    let classes = accumulation.labels.indices
    func cells(_ area: Evaluator.AreaRange) -> [PrecisionRecall.Cell] {
      classes.compactMap { accumulation[$0, area] }
    }
    ap = mean(cells(.all).flatMap { $0.precisions() })
    ap50 = mean(cells(.all).flatMap { $0.precisions(at: 0) })
    ap75 = mean(cells(.all).flatMap { $0.precisions(at: 5) })
    apSmall = mean(cells(.small).flatMap { $0.precisions() })
    apMedium = mean(cells(.medium).flatMap { $0.precisions() })
    apLarge = mean(cells(.large).flatMap { $0.precisions() })
    ar1 = mean(cells(.all).flatMap { $0.recalls[0] })
    ar10 = mean(cells(.all).flatMap { $0.recalls[1] })
    ar100 = mean(cells(.all).flatMap { $0.recalls[2] })
    arSmall = mean(cells(.small).flatMap { $0.recalls[2] })
    arMedium = mean(cells(.medium).flatMap { $0.recalls[2] })
    arLarge = mean(cells(.large).flatMap { $0.recalls[2] })
    perClass = classes.map { index in
      let cell = accumulation[index, .all]
      return Class(
        name: accumulation.labels[index], ap: mean(cell?.precisions() ?? []),
        ap50: mean(cell?.precisions(at: 0) ?? []), ar100: mean(cell?.recalls[2] ?? []),
        objectCount: cell?.objectCount ?? 0)
    }
  }
}

extension PrecisionRecall.Cell {
  /// At every threshold, or at the one with this index.
  fileprivate func precisions(at threshold: Int? = nil) -> [Double] {
    threshold.map { curves[$0].precision } ?? curves.flatMap(\.precision)
  }
}

/// The mean; -1 for no values, as in pycocotools.
private func mean(_ values: [Double]) -> Double {
  values.isEmpty ? -1 : values.reduce(0, +) / Double(values.count)
}
