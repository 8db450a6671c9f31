import Embedded
import HTTPServer
import HTTPTypes

/// The page at `/`: files in the binary that load nothing from other origins.
enum PageRoute {
  static let files: [(path: String, type: String, bytes: [UInt8])] = [
    ("/", "text/html; charset=utf-8", PackageResources.index_html),
    ("/page.css", "text/css; charset=utf-8", PackageResources.page_css),
    ("/page.js", "text/javascript; charset=utf-8", PackageResources.page_js),
    ("/page-camera.js", "text/javascript; charset=utf-8", PackageResources.page_camera_js),
    ("/page-drawing.js", "text/javascript; charset=utf-8", PackageResources.page_drawing_js),
    ("/page-service.js", "text/javascript; charset=utf-8", PackageResources.page_service_js),
    ("/page-settings.js", "text/javascript; charset=utf-8", PackageResources.page_settings_js),
    ("/page-zones.js", "text/javascript; charset=utf-8", PackageResources.page_zones_js),
    ("/sample.png", "image/png", Embedded.street),
  ]

  static func response(_ type: String, _ bytes: [UInt8]) -> Response {
    Response(
      .ok,
      fields: [
        .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
        // Only the page's own files, images that the user chose, and the service itself.
        .contentSecurityPolicy:
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
          + "media-src 'self' blob: mediastream:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      ], body: bytes)
  }
}
