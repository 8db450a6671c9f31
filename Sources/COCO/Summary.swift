/// COCO's twelve numbers and the AP of each class; -1 where there was nothing to find.
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
  package let perClass: [Class]

  package struct Class: Encodable, Sendable {
    package let name: String
    package let ap: Double

    enum CodingKeys: String, CodingKey {
      case name
      case ap = "AP"
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

  /// Name, IoU, area and number of detections as pycocotools prints them, and the number.
  package var lines: [(label: String, value: Double)] {
    [
      ("AP  IoU 0.50:0.95, all areas, 100 detections", ap), ("AP  IoU 0.50", ap50), ("AP  IoU 0.75", ap75),
      ("AP  small (below 32x32)", apSmall), ("AP  medium", apMedium), ("AP  large (above 96x96)", apLarge),
      ("AR  1 detection", ar1), ("AR  10 detections", ar10), ("AR  100 detections", ar100),
      ("AR  small", arSmall), ("AR  medium", arMedium), ("AR  large", arLarge),
    ]
  }
}
