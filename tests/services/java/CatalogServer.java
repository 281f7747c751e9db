import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Apache Iceberg's JdbcCatalog on a folder's catalog.db, served as a REST catalog on a free loopback port, which it prints.
 *
 * <p>Usage: CatalogServer FOLDER [fault=FILE] [keys=DURATION]. A line "before|after STATUS METHOD PATH-PREFIX" in the file
 * spoils the next such request and is removed: before means that it is not done, after that it is done and the answer lost.
 * With keys the server's configuration offers idempotency keys of that lifetime.
 */
public class CatalogServer {
  /** Iceberg's servlet, and bad weather where it is ordered. */
  static class Servlet extends RESTCatalogServlet {
    private final Path fault;
    private final String keys;

    Servlet(RESTCatalogAdapter adapter, Map<String, String> settings) {
      super(adapter);
      this.fault = Path.of(settings.getOrDefault("fault", "/nonexistent"));
      this.keys = settings.get("keys");
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      String[] order = Files.exists(fault) ? Files.readString(fault).trim().split(" ", 4) : null;
      if (order != null && request.getMethod().equals(order[2]) && request.getRequestURI().startsWith(order[3])) {
        Files.delete(fault);
        if (order[0].equals("after")) {
          super.service(request, new Swallowed(response));
        }
        response.setStatus(Integer.parseInt(order[1]));
        response.setContentType("application/json");
        String error = "{\"error\":{\"message\":\"injected\",\"type\":\"InjectedFault\",\"code\":%s}}";
        response.getWriter().write(String.format(error, order[1]));
      } else if (keys != null && request.getRequestURI().equals("/v1/config")) {
        Swallowed answer = new Swallowed(response);
        super.service(request, answer);
        String lifetime = ",\"idempotency-key-lifetime\":\"" + keys + "\"}";
        response.getWriter().write(answer.body.toString().replaceFirst("}$", lifetime));
      } else {
        super.service(request, response);
      }
    }
  }

  /** An answer that nobody gets. */
  static class Swallowed extends HttpServletResponseWrapper {
    final StringWriter body = new StringWriter();

    Swallowed(HttpServletResponse response) {
      super(response);
    }

    @Override
    public PrintWriter getWriter() {
      return new PrintWriter(body, true);
    }

    @Override
    public void setStatus(int status) {}
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> settings = new HashMap<>();
    for (int i = 1; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    JdbcCatalog catalog = new JdbcCatalog();
    catalog.setConf(new Configuration());
    catalog.initialize(
        "icedeck",
        Map.of(
            "uri", "jdbc:sqlite:" + args[0] + "/catalog.db",
            "warehouse", "file://" + args[0] + "/warehouse",
            "jdbc.schema-version", "V1",
            "jdbc.strict-mode", "true"));
    ServletContextHandler context = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    context.addServlet(new ServletHolder(new Servlet(new RESTCatalogAdapter(catalog), settings)), "/*");
    Server server = new Server();
    ServerConnector http = new ServerConnector(server, 1, 1);
    http.setHost("127.0.0.1");
    server.addConnector(http);
    server.setHandler(context);
    server.start();
    System.out.println(http.getLocalPort());
    System.out.flush();
    server.join();
  }
}
