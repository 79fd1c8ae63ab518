DROP TABLE company_figures;
