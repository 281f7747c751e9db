import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Apache Iceberg's JdbcCatalog on a folder's catalog.db, served as a REST catalog on a free loopback port, which it prints. */
public class CatalogServer {
  public static void main(String[] args) throws Exception {
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
    context.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTCatalogAdapter(catalog))), "/*");
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
